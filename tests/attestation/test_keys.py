import base64
import hmac
import traceback

import pytest

from attestation.keys import HmacKey, InvalidKeyError, KeyRing, decode_secret, decode_secrets

SECRET = bytes(range(192, 256))

SAMPLES = {
    "quickstarts": "h+CX0tOzdAAR9l15bWAqvq7w9olk66daIH+Xk+IAHhVVHszjDzeGobzNnqyRze3lw/WVyWrc2gZfh3X"
    "XfBOmww==",
    "test suites": "TEST+SECRET/" * 7 + "AA==",
    "message signing": "ajNBV3k2b0ZHSGczOG5ZVG05X0tCaFpVeUR2TFh5S2ZlZHQ4YkpHUXh6b3MzQzVfUVhwZ3B5M"
    "0o3eWtyVFM2Rw==",
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64.b64encode(SECRET).decode(), id="standard"),
        pytest.param(base64.urlsafe_b64encode(SECRET).decode(), id="URL-safe"),
        pytest.param(base64.urlsafe_b64encode(SECRET).decode().rstrip("="), id="unpadded"),
        pytest.param(f" {base64.b64encode(SECRET).decode()}\n", id="pasted with blanks"),
    ],
)
def test_spellings(text: str) -> None:
    """A secret can be pasted in each form that Approov's command line prints."""
    assert decode_secret(text) == SECRET


@pytest.mark.parametrize("text", ["", "not base64!", "a", "AAAA" * 10 + "é"])
def test_unusable(text: str) -> None:
    """Text that is no base64 secret is refused."""
    with pytest.raises(InvalidKeyError):
        HmacKey(decode_secret(text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("!" * 64, "the secret itself"),
        ("secret: abcdef", "more than the secret"),
        ("!", "base64url text$"),
    ],
)
def test_slips(text: str, hint: str) -> None:
    """The usual slips in pasting a secret are recognised and named."""
    with pytest.raises(InvalidKeyError, match=hint):
        decode_secrets(text)


def test_used_undecoded() -> None:
    """A signature by the base64 text of a secret is told from one by its bytes."""
    key = HmacKey(SECRET)
    text = base64.urlsafe_b64encode(SECRET).rstrip(b"=")
    assert key.verifies_undecoded(b"x", hmac.digest(text, b"x", "sha256"))
    assert not key.verifies_undecoded(b"x", hmac.digest(SECRET, b"x", "sha256"))


def test_short() -> None:
    """RFC 8725 section 3.5: an HS256 key has 32 bytes at least."""
    with pytest.raises(InvalidKeyError, match="31 bytes"):
        HmacKey(b"k" * 31)
    HmacKey(b"k" * 32)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_published(sample: str) -> None:
    """The secrets of Approov's samples are recognised, however they are spelled."""
    assert HmacKey(decode_secret(sample)).is_published
    assert HmacKey(decode_secret(sample.replace("+", "-").rstrip("="))).is_published


def test_unpublished() -> None:
    """Other secrets are not."""
    assert not HmacKey(SECRET).is_published


def test_order() -> None:
    """A list of secrets keeps its order: newest first."""
    first, second = base64.b64encode(SECRET), base64.b64encode(SECRET[::-1])
    keys = decode_secrets(f"{first.decode()}, {second.decode()}")
    assert [key.secret for key in keys] == [SECRET, SECRET[::-1]]


@pytest.mark.parametrize("text", ["", ",", base64.b64encode(SECRET).decode() + ","])
def test_no_gaps(text: str) -> None:
    """An empty place in the list is a mistake, not a key."""
    with pytest.raises(InvalidKeyError):
        decode_secrets(text)


def test_empty_ring() -> None:
    """A ring without a key would verify nothing."""
    with pytest.raises(InvalidKeyError):
        KeyRing(())


def fail(ring: KeyRing) -> None:
    """Raise while the keys are in a local variable."""
    raise RuntimeError(f"{ring} {ring.keys[0]!r}")


def test_masked() -> None:
    """A key's bytes show in no form of printing, nor in a traceback with local variables."""
    with pytest.raises(RuntimeError) as failure:
        fail(KeyRing((HmacKey(b"marker" * 8),)))
    frame = traceback.TracebackException.from_exception(failure.value, capture_locals=True).stack[
        -1
    ]
    assert "HmacKey(kid=None" in f"{failure.value}"
    assert "marker" not in f"{failure.value} {frame.locals}"
