"""Key sets: every algorithm, each key pinned to its own."""

import base64
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from attestation.claims import ClaimPolicy
from attestation.errors import AlgorithmError, LifetimeError, SignatureError, UnknownKeyError
from attestation.keys import (
    CURVES,
    RSA_ALGORITHMS,
    HmacKey,
    InvalidKeyError,
    KeyRing,
    key_from_jwk,
    keys_from_jwks,
)
from attestation.token import TokenVerifier
from standin.calendar import SettableClock
from tests.conftest import SECRET

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEYS = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}
PRIVATE: dict[str, Any] = {**dict.fromkeys(RSA_ALGORITHMS, RSA_KEY), **EC_KEYS}
OCT = {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET).decode().rstrip("="), "kid": "HS256"}


def jwk(algorithm: str, **changes: object) -> dict[str, Any]:
    """Give the public key for *algorithm* as a JWK whose kid is the algorithm."""
    if algorithm == "HS256":
        return {**OCT, **changes}
    public = PRIVATE[algorithm].public_key()
    members = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    assert isinstance(members, dict)
    members.pop("key_ops", None)
    return {**members, "kid": algorithm, "alg": algorithm, **changes}


def token(clock: SettableClock, algorithm: str, key: Any, kid: str | None = None) -> bytes:  # noqa: ANN401
    """Sign a good token."""
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode({"exp": clock.now + 60}, key, algorithm, headers=headers).encode()


def ring(*algorithms: str) -> KeyRing:
    """Make a ring of the keys for *algorithms*."""
    return KeyRing(keys_from_jwks([jwk(algorithm) for algorithm in algorithms]))


ALL = ("HS256", *RSA_ALGORITHMS, *CURVES)


@pytest.mark.parametrize("algorithm", ALL)
@pytest.mark.parametrize("named", [True, False])
def test_algorithms(clock: SettableClock, algorithm: str, *, named: bool) -> None:
    """Tokens of every algorithm are verified, with and without a kid."""
    verifier = TokenVerifier(ring(*ALL), clock=clock)
    key = PRIVATE.get(algorithm, SECRET)
    verifier.verify(token(clock, algorithm, key, algorithm if named else None))


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS[1:])
def test_pinned(clock: SettableClock, algorithm: str) -> None:
    """RFC 8725 section 3.1: a key pinned to RS256 verifies no other algorithm of its own kind."""
    verifier = TokenVerifier(ring("RS256"), clock=clock)
    with pytest.raises(AlgorithmError):
        verifier.verify(token(clock, algorithm, RSA_KEY, "RS256"))


def test_confusion(clock: SettableClock) -> None:
    """RFC 8725 section 2.1: a public key is never taken for an HMAC secret."""
    from astropiks.mint import sign  # noqa: PLC0415

    public = PRIVATE["RS256"].public_key()
    verifier = TokenVerifier(ring("RS256"), clock=clock)
    for text in (jwk("RS256")["n"].encode(), repr(public.public_numbers()).encode()):
        forged = sign({"alg": "HS256", "kid": "RS256"}, {"exp": clock.now + 60}, text)
        with pytest.raises(AlgorithmError):
            verifier.verify(forged.encode())


def test_named_key_only(clock: SettableClock) -> None:
    """A kid names its key: another key's signature is no good under it."""
    verifier = TokenVerifier(ring("RS256", "RS384"), clock=clock)
    other = rsa.generate_private_key(65537, 2048)
    with pytest.raises(SignatureError, match="RS256"):
        verifier.verify(token(clock, "RS256", other, "RS256"))
    with pytest.raises(AlgorithmError):
        verifier.verify(token(clock, "RS384", RSA_KEY, "RS256"))


@pytest.mark.parametrize(
    "kid", ["unknown", "../../etc/passwd", "https://attacker.test/jwks", "' OR 1=1"]
)
def test_unknown_kid(clock: SettableClock, kid: str) -> None:
    """An unknown kid leads nowhere but to the keys that have none."""
    with pytest.raises(UnknownKeyError):
        TokenVerifier(ring("RS256"), clock=clock).verify(token(clock, "RS256", RSA_KEY, kid))
    keys = KeyRing((HmacKey(SECRET), *ring("RS256").keys))
    TokenVerifier(keys, clock=clock).verify(token(clock, "HS256", SECRET, kid))


@pytest.mark.parametrize("algorithm", ["ES256", "HS256"])
def test_evident_algorithm(algorithm: str) -> None:
    """P-256 and oct keys need no alg: there is but one for them here."""
    members = jwk(algorithm)
    members.pop("alg", None)
    assert key_from_jwk(members).algorithm == algorithm


BAD = {
    "no alg": lambda: {k: v for k, v in jwk("RS256").items() if k != "alg"},
    "alg none": lambda: jwk("RS256", alg="none"),
    "other curve": lambda: jwk("ES384", alg="ES256"),
    "HMAC of RSA": lambda: jwk("RS256", alg="HS256"),
    "RSA of oct": lambda: jwk("HS256", alg="RS256"),
    "HS512": lambda: jwk("HS256", alg="HS512"),
    "for encryption": lambda: jwk("RS256", use="enc"),
    "for other operations": lambda: jwk("RS256", key_ops=["encrypt"]),
    "operations as text": lambda: jwk("RS256", key_ops="verify"),
    "private": lambda: jwk("RS256", d="AQAB"),
    "kid as number": lambda: jwk("RS256", kid=1),
    "short secret": lambda: jwk("HS256", k="c2hvcnQ"),
    "secret as number": lambda: jwk("HS256", k=1),
    "no modulus": lambda: {k: v for k, v in jwk("RS256").items() if k != "n"},
    "short modulus": lambda: jwk("RS256", n="AQAB"),
    "point off the curve": lambda: jwk("ES256", y=jwk("ES256")["x"]),
    "no kind": lambda: {"alg": "RS256"},
    "empty": dict,
    "Ed25519": lambda: {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "x": base64.urlsafe_b64encode(
            ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        ).decode(),
    },
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_bad_keys(make: Any) -> None:  # noqa: ANN401
    """A key that is not fit for one known algorithm is refused with its place, and not quoted."""
    members = make()
    with pytest.raises(InvalidKeyError, match="key 2") as refusal:
        keys_from_jwks([jwk("ES256", kid="first"), members])
    assert str(members.get("n", "-" * 50))[:20] not in str(refusal.value)


def test_no_object() -> None:
    """A member that is no key at all is refused."""
    with pytest.raises(InvalidKeyError, match="key 1"):
        keys_from_jwks(["x"])


def test_twice() -> None:
    """Two keys of one kid are ambiguous."""
    with pytest.raises(InvalidKeyError, match="same kid"):
        ring("RS256", "RS256")


def test_small_rsa() -> None:
    """RFC 7518 section 3.3: RSA keys have 2,048 bits at least."""
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505
    members = jwt.get_algorithm_by_name("RS256").to_jwk(small.public_key(), as_dict=True)
    assert isinstance(members, dict)
    members.pop("key_ops", None)
    with pytest.raises(InvalidKeyError, match="2048 bits"):
        key_from_jwk({**members, "alg": "RS256"})


def test_memory_ends_with_the_key(clock: SettableClock) -> None:
    """A verified token is forgotten when the keys are replaced."""
    verifier = TokenVerifier(ring("RS256", "ES256"), clock=clock)
    known = token(clock, "RS256", RSA_KEY, "RS256")
    verifier.verify(known)
    verifier.replace_keys(ring("ES256"))
    with pytest.raises(UnknownKeyError):
        verifier.verify(known)
    verifier.replace_keys(ring("RS256"))
    verifier.verify(known)


def test_remembered(clock: SettableClock) -> None:
    """A token seen before is not verified again, by its exact bytes and until it expires."""
    calls = []

    class Counting(HmacKey):
        def verifies(self, signing_input: bytes, signature: bytes) -> bool:
            calls.append(signing_input)
            return HmacKey.verifies(self, signing_input, signature)

    verifier = TokenVerifier(KeyRing((Counting(SECRET),)), clock=clock)
    known = token(clock, "HS256", SECRET)
    assert verifier.verify(known) is verifier.verify(bytes(known))
    assert len(calls) == 1
    verifier.verify(token(clock, "HS256", SECRET, "other spelling"))
    assert len(calls) == 2


def test_remembered_while_clocks_go_back(clock: SettableClock) -> None:
    """What a token proved later is not proved at an earlier time."""
    policy = ClaimPolicy(max_lifetime_seconds=100)
    verifier = TokenVerifier(KeyRing((HmacKey(SECRET),)), clock=clock, policy=policy)
    known = token(clock, "HS256", SECRET)
    verifier.verify(known)
    clock.advance(seconds=-50)
    with pytest.raises(LifetimeError):
        verifier.verify(known)
