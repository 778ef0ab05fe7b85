"""The Lambda authorizer's parts, where they can be seen better than from outside."""

import base64
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from attestation.keys import KeyRing, decode_secrets
from gateways.aws_lambda import answers, events, settings
from gateways.aws_lambda.handler import Authorizer, UnauthorizedError
from gateways.aws_lambda.remembered_keys import (
    RETRY_SECONDS,
    NoKeysError,
    RememberedKeys,
    SecretReadError,
)
from gateways.aws_lambda.settings import SettingsError
from tests.attestation.test_keys import SAMPLES
from tests.gateways.aws_lambda import SECRET_TEXT
from tests.gateways.lambda_events import API, SHAPES
from tests.gateways.verdicts import TOKEN

OTHER_TEXT = base64.b64encode(b"x" * 64).decode()


@dataclass
class Moment:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Tell."""
        return self.now


@dataclass
class Place:
    """Where a secret is, or is not."""

    text: str | None
    reads: int = 0

    def read(self) -> str:
        """Give it."""
        self.reads += 1
        if self.text is None:
            raise SecretReadError("away")
        return self.text


def ring(text: str) -> KeyRing:
    """Give the keys that a secret says."""
    return KeyRing(decode_secrets(text))


def test_remembered() -> None:
    """A secret is read once in its time, and then anew."""
    place, moment = Place(SECRET_TEXT), Moment()
    keys = RememberedKeys(place, clock=moment, seconds=300)
    first = keys.current()
    moment.now += 299
    assert keys.current() is first
    assert place.reads == 1
    moment.now += 1
    assert keys.current() is first
    assert place.reads == 2


def test_rotated() -> None:
    """What is written there is in force after that time at the latest."""
    place, moment = Place(SECRET_TEXT), Moment()
    keys = RememberedKeys(place, clock=moment, seconds=300)
    assert keys.current() == ring(SECRET_TEXT)
    place.text = f"{OTHER_TEXT},{SECRET_TEXT}"
    moment.now += 300
    assert keys.current() == ring(place.text)


@pytest.mark.parametrize("bad", [None, "", "c2hvcnQ=", "no base64!", f"{SECRET_TEXT},"])
def test_kept(bad: str | None) -> None:
    """What cannot be read or used leaves the last good keys in force, and is tried again soon."""
    place, moment = Place(SECRET_TEXT), Moment()
    keys = RememberedKeys(place, clock=moment, seconds=300)
    keys.current()
    place.text, moment.now = bad, moment.now + 300
    assert keys.current() == ring(SECRET_TEXT)
    assert keys.current() == ring(SECRET_TEXT)
    assert place.reads == 2
    place.text, moment.now = OTHER_TEXT, moment.now + RETRY_SECONDS
    assert keys.current() == ring(OTHER_TEXT)


def test_never_any() -> None:
    """Without a first good secret there are no keys, and not every request asks for them."""
    place, moment = Place(None), Moment()
    keys = RememberedKeys(place, clock=moment, seconds=300)
    for _ in range(3):
        with pytest.raises(NoKeysError):
            keys.current()
    assert place.reads == 1
    place.text, moment.now = SECRET_TEXT, moment.now + RETRY_SECONDS
    assert keys.current() == ring(SECRET_TEXT)


def test_published() -> None:
    """A secret that Approov prints in its samples is none."""
    with pytest.raises(NoKeysError):
        RememberedKeys(Place(SAMPLES["quickstarts"]), clock=Moment(), seconds=300).current()


def test_clock_set_back() -> None:
    """By a clock that is set back, a secret is not remembered for longer."""
    place, moment = Place(SECRET_TEXT), Moment()
    keys = RememberedKeys(place, clock=moment, seconds=300)
    keys.current()
    moment.now -= 500
    keys.current()
    assert place.reads == 2


def test_settings() -> None:
    """Settings have the names and forms of the proxy's own; an empty one counts as none."""
    read = settings.read(
        {
            "APPROOV_SECRET_ID": "approov",
            "APPROOV_BASE64_SECRET": "",
            "APPROOV_HEADER_NAME": "X-Token",
            "APPROOV_BINDING_HEADERS": "Authorization, X-User",
            "APPROOV_LEEWAY_SECONDS": "5",
            "AWS_REGION": "eu-west-1",
        }
    )
    assert read.secret_id == "approov"
    assert read.policy.token_header == "x-token"
    assert read.policy.binding.headers == ("authorization", "x-user")
    assert read.policy.claims.leeway_seconds == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APPROOV_SECRET_ID", "marker"),
        ("APPROOV_BINDING_HEADER", "marker"),
        ("APPROOV_HEADER_NAME", "mark er"),
        ("APPROOV_BINDING_HEADERS", "marker,"),
        ("APPROOV_BINDING_HEADERS", "marké"),
        ("APPROOV_SECRET_SECONDS", "-1"),
        ("APPROOV_LEEWAY_SECONDS", "marker"),
        ("APPROOV_ANSWERS", "marker"),
    ],
)
def test_bad_settings(name: str, value: str) -> None:
    """A bad setting is named, and its value is not."""
    with pytest.raises(SettingsError, match=name) as refusal:
        settings.read({"APPROOV_BASE64_SECRET": SECRET_TEXT, name: value})
    assert "mark" not in str(refusal.value)
    assert SECRET_TEXT not in str(refusal.value)


def test_repr() -> None:
    """The secret does not show."""
    assert SECRET_TEXT not in repr(settings.read({"APPROOV_BASE64_SECRET": SECRET_TEXT}))


def test_header_twice_in_two_spellings() -> None:
    """A header that stands in an event in two spellings was sent twice."""
    event = {"version": "2.0", "headers": {TOKEN: "a", TOKEN.lower(): "b"}}
    assert events.parse(event, TOKEN.lower()).request.values(TOKEN.lower()) == [b"a", b"b"]


def test_every_value_counts() -> None:
    """Where an event lists all values, none is missed, and none is counted twice."""
    event = SHAPES["REST API, REQUEST"]([(TOKEN, "a"), (TOKEN, "b"), ("X-One", "c")])
    request = events.parse(event, TOKEN.lower()).request
    assert request.values(TOKEN.lower()) == [b"a", b"b"]
    assert request.values("x-one") == [b"c"]


@pytest.mark.parametrize(
    ("arn", "resource"),
    [
        (f"{API}/prod/GET/x/y", f"{API}/prod/*"),
        (f"{API}/$default/GET/", f"{API}/$default/*"),
        (f"{API}/prod/GET/*/../../other/POST/", f"{API}/prod/*"),
        ("arn:aws-cn:execute-api:x:1:abc/s/GET/", "arn:aws-cn:execute-api:x:1:abc/s/*"),
        (f"{API}/*/GET/x", "*"),
        ("arn:aws:s3:::bucket/key/x", "*"),
        ("", "*"),
    ],
)
def test_resource(arn: str, resource: str) -> None:
    """A policy never speaks of another API or stage than the one that asked."""
    (statement,) = answers.policy(None, arn)["policyDocument"]["Statement"]
    assert statement["Resource"] == resource
    assert statement["Effect"] == "Deny"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from([TOKEN, TOKEN.lower(), "Authorization", "approov-to\u212aen"]) | st.text()
EVENTS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["1.0", "2.0", 2]) | JSON,
        "type": st.sampled_from(["TOKEN", "REQUEST"]) | JSON,
        "authorizationToken": JSON,
        "headers": st.dictionaries(NAMES, JSON, max_size=4) | JSON,
        "multiValueHeaders": st.dictionaries(NAMES, JSON, max_size=4) | JSON,
        "methodArn": st.just(f"{API}/prod/GET/x") | JSON,
        "routeArn": st.just(f"{API}/prod/GET/x") | JSON,
    },
)
AUTHORIZER = Authorizer.from_environment({"APPROOV_BASE64_SECRET": SECRET_TEXT})


@hypothesis_settings(deadline=None)
@given(EVENTS)
def test_any_event(event: object) -> None:
    """Of any JSON there is a refusal, or the one error that means 401."""
    try:
        answer = AUTHORIZER.answer(event)
    except UnauthorizedError:
        return
    if "isAuthorized" in answer:
        assert answer["isAuthorized"] is False
    else:
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
