"""Which requests are genuine: one table, for whatever stands in front of whatever.

Tokens are made for the present, since the clocks of real servers cannot be set.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from astropiks.mint import base64url, sign, sign_segments
from tests.conftest import SECRET

Verdict = Literal["accepted", "missing", "invalid", "refused"]
"""`refused` is of a gateway that does not tell the two kinds apart."""

Fields = Sequence[tuple[str, str]]

TOKEN = "Approov-Token"
USER = "Bearer the user's own token"
HEADER: Mapping[str, object] = {"alg": "HS256", "typ": "JWT"}


class Ask(Protocol):
    """A gateway that asks about a request, or stands before something that would answer it."""

    def __call__(self, fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
        """Send a request with these header fields and say what became of it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and what is right.

    Attributes:
        fields: makes the header fields.
        verdict: on it.
    """

    fields: Callable[[], Fields]
    verdict: Verdict


def claims(**changes: object) -> dict[str, object]:
    """Give those of a genuine token, with *changes*; None takes one away."""
    members: dict[str, object] = {"exp": int(time.time()) + 300, "did": "ZGV2aWNl", **changes}
    return {name: value for name, value in members.items() if value is not None}


def signed(header: Mapping[str, object] = HEADER, **changes: object) -> str:
    """Make a token that is signed with the right key."""
    return sign(header, claims(**changes), SECRET)


def spelled(header: bytes, payload: bytes) -> str:
    """Sign these very bytes."""
    return sign_segments(header, payload, SECRET)


def raw_signed(header: str, payload: str) -> str:
    """Sign two segments as they are written."""
    text = f"{header}.{payload}"
    return f"{text}.{base64url(hmac.digest(SECRET, text.encode(), 'sha256'))}"


def with_token(make: Callable[[], str]) -> Callable[[], Fields]:
    """Send what *make* gives as the token."""
    return lambda: [(TOKEN, make())]


def _other_signature(text: str) -> str:
    head, _, signature = text.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def _spare_bits(text: str) -> str:
    """Write the last character of the signature otherwise: it has two bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


def _segment(members: Mapping[str, object]) -> str:
    return base64url(json.dumps(members).encode())


def _duplicated() -> str:
    late = int(time.time()) + 300
    return spelled(json.dumps(HEADER).encode(), f'{{"exp":1,"exp":{late}}}'.encode())


def _unsigned() -> str:
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(claims())}."


def _hs512() -> str:
    text = f"{_segment({'alg': 'HS512', 'typ': 'JWT'})}.{_segment(claims())}"
    return f"{text}.{base64url(hmac.digest(SECRET, text.encode(), 'sha512'))}"


TOKENS: Mapping[str, Case] = {
    "good": Case(with_token(signed), "accepted"),
    "good, name in lower case": Case(lambda: [(TOKEN.lower(), signed())], "accepted"),
    "good, blanks around it": Case(lambda: [(TOKEN, f" {signed()} ")], "accepted"),
    "good, expiry with a fraction": Case(
        with_token(lambda: signed(exp=time.time() + 300.5)), "accepted"
    ),
    "no token": Case(list, "missing"),
    "an empty token": Case(lambda: [(TOKEN, "")], "missing"),
    "the same token twice": Case(lambda: [(TOKEN, signed())] * 2, "invalid"),
    "a good token after a bad one": Case(lambda: [(TOKEN, "x"), (TOKEN, signed())], "invalid"),
    "a bad token after a good one": Case(lambda: [(TOKEN, signed()), (TOKEN, "x")], "invalid"),
    "not a token": Case(with_token(lambda: "nonsense"), "invalid"),
    "two segments": Case(with_token(lambda: signed().rpartition(".")[0]), "invalid"),
    "four segments": Case(with_token(lambda: f"{signed()}.x"), "invalid"),
    "five segments": Case(with_token(lambda: "a.b.c.d.e"), "invalid"),
    "a scheme before it": Case(with_token(lambda: f"Bearer {signed()}"), "invalid"),
    "another signature": Case(with_token(lambda: _other_signature(signed())), "invalid"),
    "another key": Case(with_token(lambda: sign(HEADER, claims(), b"x" * 64)), "invalid"),
    "no signature": Case(with_token(lambda: signed().rpartition(".")[0] + "."), "invalid"),
    "algorithm none": Case(with_token(_unsigned), "invalid"),
    "algorithm HS512": Case(with_token(_hs512), "invalid"),
    "algorithm in lower case": Case(with_token(lambda: signed({"alg": "hs256"})), "invalid"),
    "algorithm RS256": Case(with_token(lambda: signed({"alg": "RS256"})), "invalid"),
    "no algorithm": Case(with_token(lambda: signed({"typ": "JWT"})), "invalid"),
    "a key named as if it were one": Case(
        with_token(lambda: signed({"kid": "alg", "typ": "JWT"})), "invalid"
    ),
    "another type": Case(with_token(lambda: signed({**HEADER, "typ": "at+jwt"})), "invalid"),
    "a critical extension": Case(
        with_token(lambda: signed({**HEADER, "crit": ["x"], "x": 1})), "invalid"
    ),
    "expired": Case(with_token(lambda: signed(exp=int(time.time()) - 1)), "invalid"),
    "no expiry": Case(with_token(lambda: signed(exp=None)), "invalid"),
    "expiry as text": Case(with_token(lambda: signed(exp=str(int(time.time()) + 300))), "invalid"),
    "expiry in a list": Case(with_token(lambda: signed(exp=[int(time.time()) + 300])), "invalid"),
    "expiry beyond time": Case(with_token(lambda: signed(exp=10**30)), "invalid"),
    "expiry beyond the calendar": Case(with_token(lambda: signed(exp=999_999_999_999)), "invalid"),
    "negative expiry": Case(with_token(lambda: signed(exp=-1)), "invalid"),
    "not yet valid": Case(with_token(lambda: signed(nbf=int(time.time()) + 200)), "invalid"),
    "not yet valid, behind another such member": Case(
        with_token(lambda: signed(a={"nbf": 1}, nbf=10**11)), "invalid"
    ),
    "padding": Case(
        with_token(lambda: raw_signed(_segment(HEADER) + "=", _segment(claims()))), "invalid"
    ),
    "spare bits of the signature": Case(with_token(lambda: _spare_bits(signed())), "invalid"),
    "a member twice": Case(with_token(_duplicated), "invalid"),
    "payload in UTF-16": Case(
        with_token(
            lambda: spelled(json.dumps(HEADER).encode(), json.dumps(claims()).encode("utf-16"))
        ),
        "invalid",
    ),
    "payload no object": Case(
        with_token(lambda: spelled(json.dumps(HEADER).encode(), b"[]")), "invalid"
    ),
    "payload no JSON": Case(
        with_token(lambda: spelled(json.dumps(HEADER).encode(), b"{")), "invalid"
    ),
    "very long": Case(with_token(lambda: signed(x="x" * 7000)), "invalid"),
}
"""With nothing but the one secret configured."""


def bound(to: str | None = USER) -> str:
    """Make a token that is bound to a text."""
    if to is None:
        return signed()
    return signed(pay=base64.b64encode(hashlib.sha256(to.encode()).digest()).decode())


BINDINGS: Mapping[str, Case] = {
    "bound to it": Case(lambda: [(TOKEN, bound()), ("Authorization", USER)], "accepted"),
    "bound to another": Case(lambda: [(TOKEN, bound("x")), ("Authorization", USER)], "invalid"),
    "bound to nothing": Case(lambda: [(TOKEN, bound(None)), ("Authorization", USER)], "invalid"),
    "nothing to be bound to": Case(lambda: [(TOKEN, bound())], "invalid"),
    "an empty one": Case(lambda: [(TOKEN, bound("")), ("Authorization", "")], "invalid"),
    "two of them": Case(
        lambda: [(TOKEN, bound()), ("Authorization", USER), ("Authorization", USER)], "invalid"
    ),
    "pay is no hash": Case(
        lambda: [(TOKEN, signed(pay="AAAA")), ("Authorization", USER)], "invalid"
    ),
    "no token, but a user": Case(lambda: [("Authorization", USER)], "missing"),
}
"""With tokens bound to Authorization."""
