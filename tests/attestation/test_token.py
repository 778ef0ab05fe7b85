import base64
import dataclasses
import json
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astropiks.mint import Invalid, mint, sign, sign_segments
from attestation import errors
from attestation.errors import (
    AlgorithmError,
    AttestationError,
    ClaimError,
    ExpiredTokenError,
    HeaderError,
    InvalidExpiryError,
    MissingExpiryError,
    SignatureError,
    VerificationFailureError,
)
from attestation.keys import HmacKey, KeyRing
from attestation.token import TokenVerifier
from standin.calendar import SettableClock
from tests.conftest import MUTATIONS, SECRET

HS256: dict[str, object] = {"alg": "HS256", "typ": "JWT"}


def verify(verifier: TokenVerifier, header: dict[str, object], **claims: object) -> None:
    """Verify a well-signed token of any header and claims."""
    verifier.verify(sign(header, {"exp": 4e9, **claims}, SECRET).encode())


def test_good(verifier: TokenVerifier, clock: SettableClock) -> None:
    """A genuine token gives its verified claims."""
    attestation = verifier.verify(mint(SECRET, now=clock.now, expires_in=60).encode())
    assert attestation.expires_at == clock.now + 60
    assert attestation.device_id is not None


def test_frozen(verifier: TokenVerifier, token: str) -> None:
    """Verified claims cannot be changed afterwards."""
    attestation = verifier.verify(token.encode())
    with pytest.raises(dataclasses.FrozenInstanceError):
        attestation.expires_at = 0  # type: ignore[misc]


@pytest.mark.parametrize("alg", ["none", "None", "hs256", "HS384", "HS512", "RS256", "", None, 256])
def test_algorithm(verifier: TokenVerifier, alg: object) -> None:
    """RFC 8725 sections 3.1 and 3.2: the algorithm is ours, not the token's."""
    with pytest.raises(AlgorithmError):
        verify(verifier, {"alg": alg, "typ": "JWT"})


def test_no_algorithm(verifier: TokenVerifier) -> None:
    """A header without alg, as in Approov's own test suite, is refused."""
    with pytest.raises(AlgorithmError):
        verify(verifier, {"typ": "JWT", "enc": "A256GCM"})


@pytest.mark.parametrize("typ", ["at+jwt", "JOSE", "", None, 1, ["JWT"]])
def test_type(verifier: TokenVerifier, typ: object) -> None:
    """RFC 8725 sections 3.11 and 3.12: a JWT of another kind is not an attestation."""
    with pytest.raises(HeaderError):
        verify(verifier, {"alg": "HS256", "typ": typ})


def test_no_type(verifier: TokenVerifier) -> None:
    """A missing typ is usual, and fine."""
    verify(verifier, {"alg": "HS256"})


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}])
def test_extensions(verifier: TokenVerifier, extension: dict[str, object]) -> None:
    """RFC 7515 section 4.1.11: what is not understood is refused."""
    with pytest.raises(HeaderError):
        verify(verifier, {**HS256, **extension})


@pytest.mark.parametrize("name", ["kid", "jku", "jwk", "x5u"])
def test_key_hints(verifier: TokenVerifier, name: str) -> None:
    """RFC 8725 section 3.10: hints in the header lead nowhere; the signature decides."""
    verify(verifier, {**HS256, name: "https://attacker.test/../../etc/passwd"})
    forged = sign({**HS256, name: "https://attacker.test/"}, {"exp": 4e9}, b"f" * 64)
    with pytest.raises(SignatureError):
        verifier.verify(forged.encode())


@pytest.mark.parametrize("secret", [b"", b"key", SECRET[:-1], base64.b64encode(SECRET)])
def test_signature(verifier: TokenVerifier, clock: SettableClock, secret: bytes) -> None:
    """Only the whole, decoded secret makes a signature that counts."""
    with pytest.raises(SignatureError):
        verifier.verify(mint(secret, now=clock.now).encode())


def test_signature_before_claims(verifier: TokenVerifier, clock: SettableClock) -> None:
    """A forged token is told nothing of its claims."""
    forged = mint(b"f" * 64, now=clock.now, invalid=Invalid.EXPIRED)
    with pytest.raises(SignatureError):
        verifier.verify(forged.encode())


def test_rotation(clock: SettableClock) -> None:
    """While two secrets are configured, tokens of both are good."""
    verifier = TokenVerifier(KeyRing((HmacKey(b"n" * 64), HmacKey(SECRET))), clock=clock)
    for secret in (b"n" * 64, SECRET):
        verifier.verify(mint(secret, now=clock.now).encode())


def test_newest_first(clock: SettableClock) -> None:
    """Keys are tried in their order: the newest makes most tokens."""
    tried = []

    class Noting(HmacKey):
        def verifies(self, signing_input: bytes, signature: bytes) -> bool:
            tried.append(self.secret[:1])
            return HmacKey.verifies(self, signing_input, signature)

    ring = KeyRing((Noting(b"n" * 64), Noting(b"o" * 64)))
    TokenVerifier(ring, clock=clock).verify(mint(b"n" * 64, now=clock.now).encode())
    TokenVerifier(ring, clock=clock).verify(mint(b"o" * 64, now=clock.now).encode())
    assert tried == [b"n", b"n", b"o"]


def test_no_expiry(verifier: TokenVerifier) -> None:
    """A token without exp would be good for ever."""
    with pytest.raises(MissingExpiryError):
        verifier.verify(sign(HS256, {"did": "x"}, SECRET).encode())


@pytest.mark.parametrize(
    "exp",
    [
        "4e9",
        '""',
        "true",
        "null",
        "[4e9]",
        '{"a":1}',
        "0",
        "-1",
        "1e30",
        "1e999",
        "-1e999",
        "253402300800",
    ],
)
def test_expiry(verifier: TokenVerifier, exp: str) -> None:
    """An exp that is no date a clock can reach is refused; only the number 4e9 is one."""
    token = sign_segments(json.dumps(HS256).encode(), b'{"exp":%b}' % exp.encode(), SECRET)
    if exp == "4e9":
        verifier.verify(token.encode())
        return
    with pytest.raises(InvalidExpiryError):
        verifier.verify(token.encode())


@pytest.mark.parametrize(("offset", "good"), [(0.001, True), (0, False), (-0.001, False)])
def test_moment_of_expiry(
    verifier: TokenVerifier, clock: SettableClock, offset: float, *, good: bool
) -> None:
    """RFC 7519 section 4.1.4: on or after exp a token is refused, to the fraction of a second."""
    token = mint(SECRET, now=clock.now, expires_in=offset).encode()
    if good:
        verifier.verify(token)
    else:
        with pytest.raises(ExpiredTokenError):
            verifier.verify(token)


def test_expires_later(verifier: TokenVerifier, clock: SettableClock) -> None:
    """A token that was good is refused once its time has come, and the error says by how much."""
    token = mint(SECRET, now=clock.now, expires_in=60).encode()
    verifier.verify(token)
    clock.advance(seconds=61)
    with pytest.raises(ExpiredTokenError) as refusal:
        verifier.verify(token)
    assert refusal.value.expired_for_seconds == pytest.approx(1)


def test_unknown_claims(verifier: TokenVerifier) -> None:
    """Claims nobody knows are let be: Approov may add some."""
    verify(verifier, HS256, anno=["x"], mpk={"a": 1})


@pytest.mark.parametrize("did", [1, ["x"], {"a": 1}, True])
def test_device_id(verifier: TokenVerifier, did: object) -> None:
    """A device id that is no text is not Approov's."""
    with pytest.raises(ClaimError):
        verify(verifier, HS256, did=did)


@pytest.mark.parametrize("invalid", Invalid)
def test_minted(verifier: TokenVerifier, clock: SettableClock, invalid: Invalid) -> None:
    """Each bad kind that `token mint` makes is refused."""
    with pytest.raises(AttestationError):
        verifier.verify(mint(SECRET, now=clock.now, invalid=invalid).encode())


@dataclasses.dataclass(frozen=True)
class BrokenKey:
    """A key whose library fails in a way nobody foresaw, quoting the token."""

    algorithm: str = "HS256"
    kid: str | None = None

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Fail."""
        raise ZeroDivisionError(signing_input, signature)


def test_fails_closed(clock: SettableClock, token: str) -> None:
    """When verification itself breaks, the token is refused, and the cause does not quote it."""
    verifier = TokenVerifier(KeyRing((BrokenKey(),)), clock=clock)
    with pytest.raises(VerificationFailureError) as refusal:
        verifier.verify(token.encode())
    printed = "".join(traceback.format_exception(refusal.value))
    assert not [part for part in token.split(".") if part in printed]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=MUTATIONS)
@given(position=st.integers(0, 10_000), replacement=st.integers(0, 255))
def test_any_change(verifier: TokenVerifier, token: str, position: int, replacement: int) -> None:
    """A token with one byte changed is refused, wherever it is and whatever it becomes."""
    original = token.encode()
    changed = bytearray(original)
    changed[position % len(changed)] = replacement
    if changed == original:
        return
    with pytest.raises(AttestationError):
        verifier.verify(bytes(changed))


def kinds(root: type[AttestationError] = AttestationError) -> list[type[AttestationError]]:
    """Give every kind of refusal."""
    return [kind for child in root.__subclasses__() for kind in (child, *kinds(child))]


def test_reasons() -> None:
    """Every refusal has a reason code of its own, and advice, and stands in the drawn tree."""
    assert len({kind.reason for kind in kinds()}) == len(kinds()) > 30
    assert all(f"{kind.__name__} " in (errors.__doc__ or "") and kind.advice for kind in kinds())
    assert all(kind.reason in (errors.__doc__ or "") for kind in kinds())
