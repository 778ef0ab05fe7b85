"""The judge of a load sees what is wrong."""

import time
from datetime import date

import pytest

from standin.calendar import latest_published
from tests.proof import truth
from tests.proof.judge import Judge
from tests.proof.mix import Mix
from tests.proof.pacing import Answer
from tests.proof.weather import Weather

PORT, OTHER_PORT = 8001, 8002
SECRET = ("maps-key", "value", "1")
PROBLEM = b"HTTP/1.1 503 \r\nContent-Type: application/problem+json\r\n"


@pytest.fixture
def weather() -> Weather:
    """Be the weather of a calm day."""
    return Weather("http://nasa.test")


@pytest.fixture
def judge(weather: Weather) -> Judge:
    """Be the judge."""
    return Judge(weather)


@pytest.fixture
def mix(judge: Judge) -> Mix:
    """Be the phones."""
    return Mix(judge, SECRET)


def verdict(
    mix: Mix, kind: str, status: int, body: bytes, *, port: int = PORT, later: float = 0
) -> str | None:
    """Let a request of one kind be answered so, now or *later*."""
    ask, now = mix.of(kind), time.time() + later
    return ask.check(Answer(port, status, PROBLEM, body), now, now + 0.01)


def body_of(day: date) -> bytes:
    """Give a right body."""
    return min(truth.forms(day))


def test_records(mix: Mix) -> None:
    """Another day's record is wrong, and so is one with another byte, or a list that lacks one."""
    last = latest_published(time.time())
    right = body_of(last)
    assert verdict(mix, "latest", 200, right) is None
    old = body_of(date(2021, 10, 12))
    for body in (old, right.replace(b"This", b"That"), right[:-1], b"[]\n"):
        assert "not the latest" in str(verdict(mix, "latest", 200, body))
    assert "not the records" in str(verdict(mix, "gallery", 200, b"[" + right[:-1] + b"]\n"))
    assert "not " in str(verdict(mix, "count", 200, b"[]\n"))


def test_others(mix: Mix) -> None:
    """So is a secret of another value, a good answer to a bad token, and an error of ours."""
    told = b'{"name":"maps-key","value":"another","version":"1"}'
    assert verdict(mix, "secret", 200, told)
    assert verdict(mix, "secret", 200, told.replace(b"another", b"value")) is None
    assert verdict(mix, "no token", 401, b"refusal") is None
    assert verdict(mix, "expired token", 401, b"refusal, expired")
    assert verdict(mix, "forged token", 200, body_of(date(2021, 10, 12)))
    for status in (404, 429, 500, 502, 503, 504):
        assert "unexplained" in str(verdict(mix, "cold date", status, b"{}"))


def test_explained(mix: Mix, judge: Judge, weather: Weather) -> None:
    """Faults explain errors for what is not held: not for what the asked process has given."""
    now = time.time()
    for spells in weather.spells.values():
        spells.append((now - 60, now - 50))
    assert verdict(mix, "cold date", 503, b"{}") is None
    assert "unexplained" in str(verdict(mix, "cold date", 502, b"{}"))
    weather.spells["legacy"].append((now - 5, now + 100))
    assert verdict(mix, "cold date", 502, b"{}") is None
    assert "unexplained" in str(verdict(mix, "cold date", 500, b"{}"))
    assert verdict(mix, "latest", 502, b"{}") is None
    verdict(mix, "latest", 200, body_of(latest_published(now)))
    assert "held" in str(verdict(mix, "latest", 502, b"{}", later=30))
    assert verdict(mix, "latest", 502, b"{}", port=OTHER_PORT, later=30) is None
    assert judge.only_elsewhere == 1
    assert judge.explained.total() == 4


def test_other_source(mix: Mix, weather: Weather) -> None:
    """A fault of one source explains nothing while the other is well."""
    now = time.time()
    weather.spells["science"].append((now - 5, now + 100))
    for status in (502, 503, 504):
        assert "unexplained" in str(verdict(mix, "cold date", status, b"{}"))
