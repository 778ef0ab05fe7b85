import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestation import binding, request_errors
from attestation.binding import BindingPolicy
from attestation.claims import Attestation
from attestation.request import HttpRequest
from attestation.request_errors import BindingError

PUBLISHED = {
    "Bearer myauth_token": "Rd7hTCAr1vfB6ejYGQNFyj9J+rwwqv/ukn8we4+93HQ=",
    "ExampleAuthToken==": "KNp99taRgRJmY49DW4RmGUiJRAg4cnysnUeDMcc3wTU=",
    "Bearer authorizationtoken": "ksfBQsYbU4GcSMbX2z2kZgQlo4Gqce+KmiaShyI2j9w=",
}

PUBLISHED_PAIRS = {
    ("Bearer myauth_token", "my-device-id"): "71tnS3rSq2lanEWrKz4MoexiOMtv7w0fspfM8BAQKNU=",
    ("ExampleAuthToken==", "ContentDigest=="): "rncT7suIJjAlDTXvL3eVAuJYyRgKAnOe13eUaq9xHCQ=",
    ("ExampleAuthToken==", "Session-123"): "NhfWf5obNkXa4IPieKJdduq1vFmuxtZuVhXgaC2r2E8=",
}

ONE = BindingPolicy(headers=("authorization",))
TWO = BindingPolicy(headers=("authorization", "x-device-id"))


def check(pay: str | None, policy: BindingPolicy, *headers: tuple[str, str]) -> None:
    """Check a token bound by *pay* against a request with *headers*."""
    bound_to = None if pay is None else base64.b64decode(pay)
    attestation = Attestation(expires_at=1, good_until=1, bound_to=bound_to)
    received = tuple((name.encode(), value.encode()) for name, value in headers)
    request = HttpRequest(method="GET", origin="", path="/", query=None, headers=received)
    binding.check(attestation, request, policy)


@pytest.mark.parametrize(("value", "pay"), PUBLISHED.items(), ids=PUBLISHED)
def test_published(value: str, pay: str) -> None:
    """The published hashes of one header fit, its prefix included."""
    check(pay, ONE, ("authorization", value))


@pytest.mark.parametrize(("values", "pay"), PUBLISHED_PAIRS.items(), ids=str)
def test_published_pairs(values: tuple[str, str], pay: str) -> None:
    """The published hashes of two headers fit, joined in order and without a separator."""
    first, second = values
    check(pay, TWO, ("x-device-id", second), ("authorization", first))
    with pytest.raises(BindingError):
        check(pay, TWO, ("x-device-id", first), ("authorization", second))


PAY = PUBLISHED["Bearer myauth_token"]


@pytest.mark.parametrize(
    "value", ["bearer myauth_token", "myauth_token", "Bearer  myauth_token", "Bearer myauth_token "]
)
def test_as_sent(value: str) -> None:
    """Values count exactly as sent."""
    with pytest.raises(BindingError):
        check(PAY, ONE, ("authorization", value))


def test_absent() -> None:
    """A token that is bound needs the header it is bound to."""
    for headers in ([], [("authorization", "")]):
        with pytest.raises(request_errors.AbsentBindingHeaderError):
            check(PAY, ONE, *headers)


def test_one_of_two_absent() -> None:
    """It needs every one of them: a token bound to one is not bound to two."""
    with pytest.raises(request_errors.AbsentBindingHeaderError):
        check(PAY, TWO, ("authorization", "Bearer myauth_token"))


def test_repeated() -> None:
    """A binding header that stands twice is ambiguous, even with equal values."""
    with pytest.raises(request_errors.RepeatedBindingHeaderError):
        check(PAY, ONE, *[("authorization", "Bearer myauth_token")] * 2)


def test_unbound() -> None:
    """Whether an unbound token passes is the operator's choice, and by default it does not."""
    with pytest.raises(request_errors.MissingBindingError):
        check(None, ONE, ("authorization", "x"))
    check(None, BindingPolicy(headers=("authorization",), allows_unbound=True))


def test_allowance_is_for_unbound_only() -> None:
    """A bound token is checked all the same."""
    policy = BindingPolicy(headers=("authorization",), allows_unbound=True)
    with pytest.raises(BindingError):
        check(PAY, policy, ("authorization", "other"))
    with pytest.raises(request_errors.AbsentBindingHeaderError):
        check(PAY, policy)


def test_off() -> None:
    """Without configured headers nothing is asked for."""
    check(None, BindingPolicy())
    check(PAY, BindingPolicy())


@given(value=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_other_value(value: str) -> None:
    """No other value fits."""
    if value == "Bearer myauth_token":
        return
    with pytest.raises(BindingError) as refusal:
        check(PAY, ONE, ("authorization", value))
    assert PAY not in str(refusal.value)
