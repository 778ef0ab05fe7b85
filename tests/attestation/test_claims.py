import base64

import pytest

from attestation import claims, errors
from attestation.claims import Attestation, ClaimPolicy
from attestation.errors import ClaimError

NOW = 1_700_000_000.0
GOOD = {"exp": NOW + 300}


def check(changes: dict[str, object], **policy: object) -> Attestation:
    """Judge good claims with *changes*."""
    return claims.check({**GOOD, **changes}, ClaimPolicy(**policy), NOW)  # type: ignore[arg-type]


def test_typed() -> None:
    """Claims come out typed."""
    pay, ipk = base64.b64encode(b"p" * 32).decode(), base64.urlsafe_b64encode(b"\xff" * 91).decode()
    told = {"did": "d", "ip": "1.2.3.4", "arc": "IXPSB7TRK26LXE3M", "mskid": "m"}
    attestation = check({**told, "pay": pay, "ipk": ipk})
    assert attestation.expires_at == NOW + 300
    assert (attestation.device_id, attestation.address) == ("d", "1.2.3.4")
    assert (attestation.arc, attestation.account_key_id) == ("IXPSB7TRK26LXE3M", "m")
    assert (attestation.bound_to, attestation.install_key) == (b"p" * 32, b"\xff" * 91)


def test_absent() -> None:
    """All but exp may be absent."""
    attestation = check({})
    assert (attestation.device_id, attestation.bound_to, attestation.install_key) == (None,) * 3


@pytest.mark.parametrize("name", ["did", "ip", "arc", "mskid", "pay", "ipk"])
@pytest.mark.parametrize("value", [1, True, ["x"], {"a": 1}])
def test_types(name: str, value: object) -> None:
    """RFC 8725 section 3.3: a claim of the wrong type makes the whole token refused."""
    with pytest.raises(ClaimError, match=name):
        check({name: value})


@pytest.mark.parametrize(
    "pay",
    ["", "x", "AAAA", base64.b64encode(b"p" * 31).decode(), base64.b64encode(b"p" * 33).decode()],
)
def test_pay(pay: str) -> None:
    """A binding is a SHA-256 hash, or the token is refused."""
    with pytest.raises(ClaimError, match="pay"):
        check({"pay": pay})


@pytest.mark.parametrize(("offset", "good"), [(0.5, True), (0, False), (-4.5, False)])
def test_expiry(offset: float, *, good: bool) -> None:
    """Without leeway a token is refused from exp on."""
    judge({"exp": NOW + offset}, errors.ExpiredTokenError, good=good)


@pytest.mark.parametrize(("offset", "good"), [(0, True), (-4.999, True), (-5, False)])
def test_leeway(offset: float, *, good: bool) -> None:
    """With leeway it is refused from exp and the leeway on."""
    judge({"exp": NOW + offset}, errors.ExpiredTokenError, good=good, leeway_seconds=5)


@pytest.mark.parametrize(
    ("name", "offset", "good"),
    [
        ("nbf", 0, True),
        ("nbf", 5, True),
        ("nbf", 5.001, False),
        ("iat", -1e9, True),
        ("iat", 60, True),
        ("iat", 60.001, False),
    ],
)
def test_beginning(name: str, offset: float, *, good: bool) -> None:
    """A token of the future is refused, with the leeway for clocks, or a minute for iat."""
    judge({name: NOW + offset}, errors.NotYetValidError, good=good, leeway_seconds=5)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("value", ["1", None, True, -1, float("inf"), 1e30])
def test_nonsense_dates(name: str, value: object) -> None:
    """A date that is none is refused."""
    with pytest.raises(ClaimError, match=f"{name} is not a date"):
        check({name: value})


@pytest.mark.parametrize(("cap", "good"), [(None, True), (300, True), (299.9, False)])
def test_lifetime(cap: float | None, *, good: bool) -> None:
    """The operator may cap how long a token is still good for."""
    judge({}, errors.LifetimeError, good=good, max_lifetime_seconds=cap)


@pytest.mark.parametrize(
    ("iss", "good"),
    [
        ("a.approov.io", True),
        ("A.approov.io", False),
        ("", False),
        (None, False),
        (["a.approov.io"], False),
    ],
)
def test_issuer(iss: object, *, good: bool) -> None:
    """RFC 8725 section 3.8: when set, the issuer is compared exactly."""
    judge({"iss": iss}, errors.IssuerError, good=good, issuer="a.approov.io")


@pytest.mark.parametrize(
    ("aud", "good"),
    [
        ("api.test", True),
        (["other", "api.test"], True),
        ("api.test.other", False),
        ([], False),
        ("", False),
        (None, False),
        ({"api.test": 1}, False),
        ([["api.test"]], False),
    ],
)
def test_audience(aud: object, *, good: bool) -> None:
    """RFC 8725 section 3.9: when set, the audience is demanded."""
    judge({"aud": aud}, errors.AudienceError, good=good, audience="api.test")


def judge(
    changes: dict[str, object], error: type[ClaimError], *, good: bool, **policy: object
) -> None:
    """Expect *changes* to pass or to be refused."""
    if good:
        check(changes, **policy)
        return
    with pytest.raises(error):
        check(changes, **policy)
