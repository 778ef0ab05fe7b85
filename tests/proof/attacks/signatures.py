"""Message signatures over a request: a good one, and all that must not do in its place."""

import base64
import time
from collections.abc import Callable, Mapping

from astropiks.mint import mint
from astropiks.signer import AccountKey, InstallKey, base_of, sign_request
from tests.conftest import EVERYTHING, SECRET
from tests.gateways.verdicts import TOKEN, Fields

Make = Callable[[str, str], Fields]
"""Makes the header fields of a request with this method and target."""

OWN, FOREIGN = InstallKey(), InstallKey()

OLD_SECONDS = 100
"""Beyond what the service takes by default, both ways."""


def _token(key: InstallKey | None = OWN, *, expires_in: float = 3600) -> str:
    install_key = None if key is None else key.public
    return mint(SECRET, now=time.time(), expires_in=expires_in, install_key=install_key)


def _signed(
    method: str,
    target: str,
    *,
    key: InstallKey | AccountKey = OWN,
    token: str | None = None,
    origin: str = EVERYTHING["public_base_url"],
    after: float = 0,
) -> Fields:
    """Sign, *after* so many seconds, with a token for the own key if there is no other *token*."""
    headers = {TOKEN: token or _token()}
    signed = sign_request(key, method, f"{origin}{target}", headers, now=time.time() + after)
    return list(signed.items())


def good(method: str, target: str) -> Fields:
    """Sign as an app does."""
    return _signed(method, target)


def _without(name: str) -> Make:
    def make(method: str, target: str) -> Fields:
        return [pair for pair in good(method, target) if pair[0] != name]

    return make


def _renamed(method: str, target: str) -> Fields:
    return [(name, value.replace("install=", "other=", 1)) for name, value in good(method, target)]


def _changed(method: str, target: str) -> Fields:
    fields = dict(good(method, target))
    label, text = "install=:", fields["Signature"].removeprefix("install=:")
    other = ("B" if text[0] == "A" else "A") + text[1:]
    return [*{**fields, "Signature": label + other}.items()]


def _not_over_the_address(method: str, _target: str) -> Fields:
    token, now = _token(), int(time.time())
    parameters = f'("@method" "approov-token");created={now};alg="{OWN.algorithm}"'
    base = base_of({"@method": method, "approov-token": token}, parameters)
    signature = base64.b64encode(OWN.sign(base)).decode()
    inputs = [("Signature-Input", f"install={parameters}"), ("Signature", f"install=:{signature}:")]
    return [(TOKEN, token), *inputs]


def _for_another_token(method: str, target: str) -> Fields:
    return [*{**dict(good(method, target)), TOKEN: _token(expires_in=1800)}.items()]


BAD: Mapping[str, Make] = {
    "by another key": lambda method, target: _signed(method, target, key=FOREIGN),
    "for another method": lambda method, target: good("PUT" if method == "GET" else "GET", target),
    "for another path": lambda method, target: good(method, f"/other{target}"),
    "for another query": lambda method, target: good(method, f"{target}?other=1"),
    "for another host": lambda method, target: _signed(method, target, origin="https://other.test"),
    "for another token": _for_another_token,
    "too old": lambda method, target: _signed(method, target, after=-OLD_SECONDS),
    "of the future": lambda method, target: _signed(method, target, after=OLD_SECONDS),
    "for a token without a key": lambda method, target: _signed(method, target, token=_token(None)),
    "by an account, which has no key here": lambda method, target: _signed(
        method, target, key=AccountKey(bytes(32)), token=_token(None)
    ),
    "not over the address": _not_over_the_address,
    "with another first character": _changed,
    "under another name": _renamed,
    "without what it covers": _without("Signature-Input"),
    "what it covers, without it": _without("Signature"),
}
