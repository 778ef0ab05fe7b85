import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropiks.mint import base64url
from attestation import compact
from attestation.errors import (
    EncodingError,
    JsonError,
    MalformedTokenError,
    OversizedTokenError,
    SegmentCountError,
)

HEADER = b'{"alg":"HS256"}'
CLAIMS = b'{"exp":1}'


def token(header: bytes = HEADER, claims: bytes = CLAIMS, signature: bytes = b"s" * 32) -> bytes:
    """Join three segments, unsigned: form comes before signature."""
    return ".".join(map(base64url, (header, claims, signature))).encode()


def test_parts() -> None:
    """Header and claims come out as they were put in."""
    parsed = compact.parse(token())
    assert parsed.header == {"alg": "HS256"}
    assert parsed.claims == {"exp": 1}


def test_masked() -> None:
    """Parsed parts do not show in repr."""
    assert "HS256" not in repr(compact.parse(token()))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"NO_APPROOV_SERVICE", id="status word"),
        pytest.param(b"a.b", id="two segments"),
        pytest.param(token() + b".x", id="four segments"),
        pytest.param(b"a.b.c.d.e", id="encrypted"),
        pytest.param(token().rpartition(b".")[0] + b".", id="no signature"),
        pytest.param(b"." + token().partition(b".")[2], id="no header"),
        pytest.param(json.dumps({"payload": "e30", "signatures": []}).encode(), id="JSON form"),
    ],
)
def test_segments(text: bytes) -> None:
    """Only three non-empty segments are a compact JWS (RFC 7515 section 7.1)."""
    with pytest.raises(SegmentCountError):
        compact.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(token() + b"=", id="padded"),
        pytest.param(token(signature=b"\xff" * 32).replace(b"_", b"/"), id="standard alphabet"),
        pytest.param(token()[:-1] + b"N", id="loose trailing bits"),
        pytest.param(token() + b"\n", id="newline"),
        pytest.param(b" " + token(), id="blank"),
        pytest.param(token().replace(b".", b".\x00", 1), id="zero byte"),
        pytest.param(token().replace(b".", b".\xc3\xa9", 1), id="not ASCII"),
        pytest.param(token() + b"aaa", id="impossible length"),
    ],
)
def test_encoding(text: bytes) -> None:
    """Each segment has exactly one spelling (RFC 7515 section 2)."""
    with pytest.raises(EncodingError):
        compact.parse(text)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(b'{"exp":1,"exp":2}', id="duplicate member"),
        pytest.param(b'{"a":{"b":1,"b":2}}', id="duplicate member, nested"),
        pytest.param(b"\xef\xbb\xbf" + CLAIMS, id="BOM"),
        pytest.param(CLAIMS.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"exp":NaN}', id="NaN"),
        pytest.param(b'{"exp":-Infinity}', id="Infinity"),
        pytest.param(b'{"exp":' + b"9" * 33 + b"}", id="long integer"),
        pytest.param(b'{"exp":1.' + b"9" * 32 + b"}", id="long float"),
        pytest.param(b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", id="deep nesting"),
        pytest.param(b"[]", id="array"),
        pytest.param(b'"exp"', id="text"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"exp":1} {}', id="trailing text"),
        pytest.param(b"{exp:1}", id="not JSON"),
    ],
)
@pytest.mark.parametrize("place", ["header", "claims"])
def test_json(place: str, claims: bytes) -> None:
    """Header and claims are one unambiguous JSON object each (RFC 8725 section 3.7)."""
    text = token(header=claims) if place == "header" else token(claims=claims)
    with pytest.raises(JsonError, match=place):
        compact.parse(text)


def test_oversized() -> None:
    """Length is checked before anything is decoded."""
    with pytest.raises(OversizedTokenError):
        compact.parse(b"!" * (compact.MAX_TOKEN_BYTES + 1))


@pytest.mark.parametrize(("depth", "good"), [(31, True), (32, False)])
def test_nesting(depth: int, *, good: bool) -> None:
    """Nesting is bounded long before it could cost anything."""
    text = token(claims=b'{"a":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}")
    if good:
        compact.parse(text)
        return
    with pytest.raises(JsonError, match="brackets"):
        compact.parse(text)


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    """Whatever bytes come, nothing but a `MalformedTokenError` leaves the parser."""
    with pytest.raises(MalformedTokenError):
        compact.parse(text)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_segments(header: bytes, claims: bytes) -> None:
    """The same holds for well-encoded segments of any content."""
    try:
        compact.parse(token(header, claims))
    except MalformedTokenError:
        pass
    else:
        assert isinstance(json.loads(header), dict)
        assert isinstance(json.loads(claims), dict)


@given(st.text(max_size=50))
def test_messages(secret: str) -> None:
    """No message quotes the token."""
    text = token(claims=b'{"a":"marker' + secret.encode("utf-8", "surrogatepass") + b'",}')
    with pytest.raises(MalformedTokenError) as refusal:
        compact.parse(text)
    assert "marker" not in str(refusal.value)
