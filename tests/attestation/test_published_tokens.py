"""The tokens that Approov publishes, with the answers they must get."""

import pytest

from attestation.errors import (
    AttestationError,
    ExpiredTokenError,
    InvalidExpiryError,
    MissingExpiryError,
    SegmentCountError,
    SignatureError,
)
from attestation.keys import KeyRing, decode_secrets
from attestation.token import TokenVerifier
from standin.calendar import SettableClock
from tests.attestation.test_keys import SAMPLES

TYP_ALG = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"
ALG_TYP = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

GOOD = {
    "A1 fractional exp": f"{TYP_ALG}.eyJleHAiOjQ3MDg2ODMyMDUuODkxOTEyfQ."
    "c8I4KNndbThAQ7zlgX4_QDtcxCrD9cff1elaCJe9p9U",
    "A2 with issuer": f"{ALG_TYP}.eyJleHAiOjIwNTAzNjk2MzYsImlzcyI6ImFwaS5leGFtcGxlLmNvbSJ9."
    "fVIrUEUABZvDTsV5eAGXhL0DBDAzGj3QSMY6setlyB8",
    "A10 bound": f"{TYP_ALG}.eyJleHAiOjIwNTgwMTgyMjQsInBheSI6IlZRRkZQSlo2ODJhT3R4Uk1qejBrdENIbXl"
    "XZUVFZVNNdlhoMXVEOEozdms9In0.z49IgxajNv18nW5sGE1EOg9nSfA9ba-6VcIZE-FPHXU",
    "A11 bound, fractional exp": f"{TYP_ALG}.eyJleHAiOjQ3MTgwMTgyMjQuNzgwMzY4LCJwYXkiOiJWUUZGUEpa"
    "NjgyYU90eFJNanowa3RDSG15V2VFRWVTTXZYaDF1RDhKM3ZrPSJ9."
    "N-KwuLeUt9s6TDibhX32AIkhobCYVh5-brVESqUxdBk",
    "A12 bound to something else": f"{TYP_ALG}.eyJleHAiOjIwNTg2ODM0NTcsInBheSI6IjU2NnZRV2FXR0JncytL"
    "RTh5c2pUVFBRdGdwdWUrWExNcXg4ZVlvYkNySTA9In0.fFc16OE-zBlyvP9qX_EL6W4xAO0mFsqwgJ18php6Io4",
    "A13 unbound": f"{TYP_ALG}.eyJleHAiOjIwNTg2ODMyMDV9."
    "13h7Pl3KndC9P8i5LKI5K3gZFkJPupRR2a8uMYdn568",
}

BAD: dict[str, tuple[str, type[AttestationError]]] = {
    "A3 other signature": (
        f"{TYP_ALG}.eyJleHAiOjQ3MDg2ODMyMDUuODkxOTEyfQ._ZdLOZmK4KXSIpVlhOpHBgboSHHTWer-X6oLqFIDQWI",
        SignatureError,
    ),
    "A4 one character of the signature": (
        f"{TYP_ALG}.eyJleHAiOjE1NTUwODMzNDkuMzc3NzYyM30.XzZs_ItunAmisfTAuLLHqTytNnQqnwqh0Koh3PPKAoA",
        SignatureError,
    ),
    "A5 expired, fractional exp": (
        f"{TYP_ALG}.eyJleHAiOjE1NTUwODMzNDkuMzc3NzYyM30.XzZs_ItunAmisfTAuLLHqTytNnQqnwqh0Koh3PPKAoM",
        ExpiredTokenError,
    ),
    "A6 expired": (
        f"{ALG_TYP}.eyJleHAiOjE1NTAzMDI4MTZ9.1MlmDnPHlgPzKPqHxsPd6HBZ-DYbDB16qGutk7Eheb8",
        ExpiredTokenError,
    ),
    "A7 expired in 2003": (
        f"{TYP_ALG}.eyJleHAiOjEwNTUwODMzNDl9.aWXw4q0VBAIpnbU-CfnvGCQmxhvkFzadfEidc04ycA0",
        ExpiredTokenError,
    ),
    "A8 empty exp": (
        f"{TYP_ALG}.eyJleHAiOiIifQ.ylUP-04S9-hzv_b7z51Jost7shPiOvizKbKqtUoHv0s",
        InvalidExpiryError,
    ),
    "A9 no exp": (
        f"{ALG_TYP}.eyJpc3MiOiJhcGkuZXhhbXBsZS5jb20ifQ.7o5s4wMuWlzgKAps9LIItJFfr1sCP31BFwPLQDE5kPs",
        MissingExpiryError,
    ),
    "Postman, no token": ("adasdasdsadasd", SegmentCountError),
}


@pytest.fixture
def published(clock: SettableClock) -> TokenVerifier:
    """Verify with the secret of Approov's quickstarts."""
    return TokenVerifier(KeyRing(decode_secrets(SAMPLES["quickstarts"])), clock=clock)


@pytest.mark.parametrize("token", GOOD.values(), ids=GOOD)
def test_good(token: str, published: TokenVerifier, clock: SettableClock) -> None:
    """A published good token is accepted."""
    assert published.verify(token.encode()).expires_at > clock.now


@pytest.mark.parametrize(("token", "refusal"), BAD.values(), ids=BAD)
def test_bad(token: str, refusal: type[AttestationError], published: TokenVerifier) -> None:
    """A published bad token is refused for its own reason."""
    with pytest.raises(refusal):
        published.verify(token.encode())


def test_fractional_expiry(published: TokenVerifier) -> None:
    """The fraction of a second in A1's exp is kept."""
    assert published.verify(GOOD["A1 fractional exp"].encode()).expires_at == 4708683205.891912
