"""Who gets to see the console: this machine, and a page of the console itself.

It hands out tokens, so it answers nobody in the local network, nobody behind a tunnel or router,
no name that somebody else's DNS lets point here, and no other site that is open in the browser.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import Scope

from astropiks.hosts import EMULATOR, is_loopback
from attestation.asgi import HOST

FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "true-client-ip"})
FORWARDED_FAMILIES = ("x-forwarded-", "cf-", "fly-")
"""By these a tunnel or router gives itself away. Then whoever asks is not who has connected. Those
that leave none of them are what `astropiks.console.key` is for."""

SAFE_METHODS = frozenset({"GET", "HEAD"})

OWN_HEADER = "console-request"
"""No other site can make a browser send it here unasked (the Fetch standard's preflight)."""


def may_ask(scope: Scope) -> bool:
    """Tell whether the console answers this request."""
    headers = Headers(scope=scope)
    is_near = is_loopback((scope.get("client") or ("",))[0])
    if not is_near or any(map(_is_forwarding, headers)) or not _is_local(headers):
        return False
    return _is_visit(scope, headers) or _is_of_own_page(scope, headers)


def origin_of(scope: Scope) -> str:
    """Give the origin by which a request that may ask has come here."""
    return f"{scope.get('scheme', 'http')}://{Headers(scope=scope)['host']}"


def _is_forwarding(name: str) -> bool:
    return name in FORWARDED or name.startswith(FORWARDED_FAMILIES)


def _is_local(headers: Headers) -> bool:
    hosts = headers.getlist("host")
    match = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if match is None:
        return False
    name = match[1].lower().strip("[]")
    return name == EMULATOR or is_loopback(name)


def _is_visit(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Tell whether somebody opens the page: by its address or by a link, from wherever."""
    is_alone = headers.get("sec-fetch-dest", "document") == "document"
    return scope["path"] == "/" and scope["method"] in SAFE_METHODS and is_alone


def _is_of_own_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Tell whether the page asks, or a program. What changes or mints anything has to prove it."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    if scope["method"] in SAFE_METHODS:
        return True
    return headers.get("origin") == origin_of(scope) and OWN_HEADER in headers
