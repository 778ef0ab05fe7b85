"""`/attest`: answers gateways that ask whether the request they hold comes from a genuine app.

The gate decides, as on any other request. What is special is which request it decides on:

- For the callers of `ATTEST_CALLERS` it is the original one, as NGINX (`X-Original-Method` and
  `-URI`), Traefik and Caddy (`X-Forwarded-Method`, `-Uri`, `-Proto`, `-Host`) or Envoy (the method,
  and the path behind `/attest`) tell it.
- For anybody else it is the one that was sent to `/attest`. A token, and what it is bound to, are
  judged alike then. A message signature over another address does not fit: that fails closed.

The headers beside, the token's among them, are those of the original request in either case. Its
body is not, so what is signed with one is refused: see `HttpRequest.hides_body`.
"""

import re
from dataclasses import replace

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from attestation.asgi import HOST
from attestation.claims import Attestation
from attestation.errors import AttestationError
from attestation.request import HttpRequest
from attestation.request_errors import OriginalRequestError
from edge.client_address import is_in
from edge.setting_types import Networks

PATH = "/attest"

SCHEME = re.compile(r"https?")

METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")

TARGET = re.compile(r"/[^\x00-\x20#\x7f]*")
"""A path, and perhaps a query, as in a request line."""

HEADER_SAFE = re.compile(r"[!-~]{1,256}")


class Questions:
    """Knows which request a gateway asks about, and what else it may be told."""

    def __init__(self, callers: Networks = (), *, tells_reason: bool = False) -> None:
        """Believe *callers*, and tell them the reason of a refusal if they shall know it."""
        self._callers = callers
        self._tells_reason = tells_reason

    def subject(self, request: HttpRequest, scope: Scope) -> HttpRequest:
        """Give the request to decide on, for one that has been received.

        Raises:
            OriginalRequestError: whoever is believed tells it twice, twofold or by half.
        """
        if not is_question(request.path) or not self._believes(scope):
            return request
        methods = _told(request, "x-original-method", "x-forwarded-method")
        targets = _told(request, "x-original-uri", "x-forwarded-uri")
        if request.path != PATH:
            methods.add(request.method)
            targets.add(request.target.removeprefix(PATH))
        if not methods and not targets:
            return request
        path, _, query = _one(targets, TARGET).partition("?")
        return replace(
            request,
            method=_one(methods, METHOD),
            origin=_origin(request),
            path=path,
            query=query or None,
            hides_body=True,
        )

    def told(self, refusal: AttestationError, scope: Scope) -> dict[str, str]:
        """Give the headers that tell a gateway of a refusal."""
        is_told = self._tells_reason and is_question(scope["path"]) and self._believes(scope)
        return {"X-Attestation-Reason": refusal.reason} if is_told else {}

    def _believes(self, scope: Scope) -> bool:
        # Not the client behind it, whose address the caller itself may have told.
        return is_in(self._callers, scope.get("peer", ""))


def is_question(path: str) -> bool:
    """Tell whether a *path* is one of `routes`."""
    return path == PATH or path.startswith(f"{PATH}/")


def routes() -> list[Route]:
    """Give both forms: the bare path, and Envoy's, which goes on with the original one."""
    # A function would be asked by GET alone; gateways ask by the original method.
    return [Route(PATH, _Yes()), Route(PATH + "/{path:path}", _Yes())]


class _Yes:
    """The answer for what has passed the gate."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Cache-Control": "no-store", **_device(scope["attestation"])}
        await Response(status_code=204, headers=headers)(scope, receive, send)


def _device(attestation: Attestation) -> dict[str, str]:
    """Name the device, unless its id would be more than a word in a header."""
    device = attestation.device_id
    if device is None or not HEADER_SAFE.fullmatch(device):
        return {}
    return {"X-Attestation-Device": device}


def _origin(request: HttpRequest) -> str:
    """Give scheme and host that the client used, if they are told; else those known here."""
    schemes = _told(request, "x-forwarded-proto")
    hosts = _told(request, "x-forwarded-host")
    if not schemes and not hosts:
        return request.origin
    if request.path != PATH or not hosts:  # Envoy keeps the Host, and passes on what clients tell
        hosts |= _told(request, "host")
    return f"{_one(schemes, SCHEME)}://{_one(hosts, HOST)}"


def _told(request: HttpRequest, *names: str) -> set[str]:
    """Give what these headers say, each of which may be there once."""
    said = [request.values(name) for name in names]
    if any(len(values) > 1 for values in said):
        raise OriginalRequestError("a header that tells of the original request stands there twice")
    return {value.decode("latin-1") for values in said for value in values}


def _one(said: set[str], form: re.Pattern[str]) -> str:
    """Give the one thing that is *said*, if it has its *form*."""
    if len(said) != 1:
        found = "contradict each other" if said else "are incomplete"
        raise OriginalRequestError(f"the headers that tell of the original request {found}")
    (text,) = said
    if not form.fullmatch(text):
        raise OriginalRequestError("what is told of the original request is malformed")
    return text
