import pytest

from proxy.errors import SourceQuotaError
from proxy.sources.quota import READING_SECONDS, RESERVE, Quota
from standin.calendar import SettableClock


@pytest.fixture
def quota(clock: SettableClock) -> Quota:
    """Know nothing yet."""
    return Quota("legacy", clock)


def said(remaining: int, limit: int = 1000) -> dict[str, str]:
    """Give the headers by which NASA tells of its quota."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}


def admits(quota: Quota, *, is_latest: bool = False) -> bool:
    """Ask for a call."""
    try:
        quota.admit(is_latest=is_latest)
    except SourceQuotaError:
        return False
    return True


def test_unknown(quota: Quota) -> None:
    """Where NASA says nothing, nothing is held back."""
    quota.note(200, {})
    assert all(admits(quota) for _ in range(10_000))


@pytest.mark.parametrize(("limit", "reserve"), [(1000, RESERVE), (2000, RESERVE), (30, 6), (10, 2)])
def test_reserve(quota: Quota, limit: int, reserve: int) -> None:
    """The last calls of an hour are for the latest picture alone: of a small quota, a fifth."""
    quota.note(200, said(reserve + 1, limit))
    assert admits(quota)
    assert not admits(quota)
    assert admits(quota, is_latest=True)


def test_counts_down(quota: Quota) -> None:
    """Calls under way count before their answers have said so."""
    quota.note(200, said(RESERVE + 5))
    assert [admits(quota) for _ in range(7)] == [True] * 5 + [False] * 2


def test_old_reading(quota: Quota, clock: SettableClock) -> None:
    """The hour rolls on: after a while one call finds out how much is left."""
    quota.note(200, said(0))
    clock.advance(seconds=READING_SECONDS)
    assert [admits(quota) for _ in range(3)] == [True, False, False]
    quota.note(200, said(900))
    assert admits(quota)


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "2870"}, 2870), ({}, 60)])
def test_stop(quota: Quota, clock: SettableClock, headers: dict[str, str], seconds: int) -> None:
    """A 429 stops every caller until Retry-After, the latest picture's too; then one asks."""
    quota.note(429, {**said(0), **headers})
    clock.advance(seconds=seconds - 1)
    with pytest.raises(SourceQuotaError) as stopped:
        quota.admit(is_latest=True)
    assert stopped.value.retry_after_seconds == 1
    clock.advance(seconds=1)
    assert [admits(quota) for _ in range(3)] == [True, False, False]


def test_longest_stop(quota: Quota, clock: SettableClock) -> None:
    """NASA's windows are hours: a longer wish is not believed, a shorter one after it neither."""
    quota.note(429, {"Retry-After": "999999"})
    quota.note(429, {"Retry-After": "1"})
    clock.advance(seconds=3599)
    assert not admits(quota)
    clock.advance(seconds=1)
    assert admits(quota)


def test_clock_set_back(quota: Quota, clock: SettableClock) -> None:
    """A clock that is set back lets calls through."""
    quota.note(429, said(0))
    clock.advance(days=-1)
    assert admits(quota)


def test_clock_glitch(quota: Quota, clock: SettableClock) -> None:
    """A stop that was noted under a wrong clock does not lengthen a later one."""
    clock.advance(days=30)
    quota.note(429, said(0))
    clock.advance(days=-30)
    quota.note(429, {"Retry-After": "60"})
    clock.advance(seconds=60)
    assert admits(quota)


def test_failure_tells_nothing(quota: Quota, clock: SettableClock) -> None:
    """An answer without a word on the quota, where it is a failure, changes nothing."""
    quota.note(200, said(0))
    clock.advance(seconds=READING_SECONDS)
    assert admits(quota)
    quota.note(502, {})
    assert not admits(quota)
    quota.note(200, {})
    assert admits(quota)


def test_wordless_stop(quota: Quota, clock: SettableClock) -> None:
    """After a 429 that tells no numbers one call finds out, and the others wait for it."""
    quota.note(429, {"Retry-After": "60"})
    clock.advance(seconds=60)
    assert [admits(quota) for _ in range(3)] == [True, False, False]
    quota.note(200, {})
    assert admits(quota)


@pytest.mark.parametrize("text", ["", "-1", "many", "1e3", "²", "1" * 7])
def test_nonsense(quota: Quota, text: str) -> None:
    """What is no number is as good as nothing."""
    quota.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": text})
    assert admits(quota)
