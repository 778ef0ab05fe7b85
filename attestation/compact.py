"""Read the compact JWS form strictly, before any cryptography.

Lenient readers accept many spellings of one token, the last of two equal members, or text in
another encoding. Each is an ambiguity for somebody to use, and each defeats whatever remembers
tokens by their bytes. Here one token has one spelling (RFC 7515 sections 2 and 7.1, RFC 8725).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Never

from attestation.errors import EncodingError, JsonError, OversizedTokenError, SegmentCountError

MAX_TOKEN_BYTES = 8192
"""Approov's longest known tokens, with an install key, are under 1 kB."""

MAX_NUMBER_CHARACTERS = 32
"""Long enough for any NumericDate; short enough that no number is costly to convert."""

MAX_HEADERS = 16
"""Read ones that are remembered: forgers' many push out a few, and no more."""

MAX_BRACKETS = 32
"""Counted wherever they stand, which bounds the nesting without a parser of our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactToken:
    """The parsed, still unverified parts of a token. Hold it no longer than verification takes."""

    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def parse(token: bytes) -> CompactToken:
    """Split and decode *token*.

    Args:
        token: the exact bytes of the header value, prefix removed.

    Raises:
        MalformedTokenError: by its leaves, whatever the bytes are.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise OversizedTokenError(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
    segments = token.split(b".")
    if len(segments) != 3 or not all(segments):
        raise SegmentCountError("the token is not three non-empty segments joined by dots")
    header, claims, signature = segments
    return CompactToken(
        header=_header(header),
        claims=_json_object("claims", _decode("claims", claims)),
        signing_input=token[: -len(signature) - 1],
        signature=_decode("signature", signature),
    )


@lru_cache(MAX_HEADERS)
def _header(segment: bytes) -> Mapping[str, Any]:
    """Read the header, which is the same in all tokens of a key."""
    return MappingProxyType(_json_object("header", _decode("header", segment)))


def _decode(name: str, segment: bytes) -> bytes:
    """Decode canonical unpadded base64url: encoding the result again must give the same bytes."""
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        decoded = b""
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise EncodingError(f"the {name} segment is not canonical unpadded base64url")
    return decoded


def _json_object(name: str, data: bytes) -> dict[str, Any]:
    """Read one JSON object: UTF-8 without BOM, no duplicate members, bounded numbers and depth."""
    if data.count(b"{") + data.count(b"[") > MAX_BRACKETS:
        raise JsonError(f"the {name} segment has more than {MAX_BRACKETS} brackets")
    try:
        value = _STRICT_JSON.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # The cause is named by its type alone: a decoder's message quotes the text.
        msg = f"the {name} segment is not strict JSON ({type(error).__name__})"
        raise JsonError(msg) from None
    if not isinstance(value, dict):
        raise JsonError(f"the {name} segment is not a JSON object")
    return value


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _bounded_int(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ValueError("number too long")
    return int(text)


def _bounded_float(text: str) -> float:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ValueError("number too long")
    return float(text)


def _refuse_constant(_: str) -> Never:
    raise ValueError("NaN and Infinity are not JSON")


_STRICT_JSON = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=_bounded_int,
    parse_float=_bounded_float,
    parse_constant=_refuse_constant,
)
