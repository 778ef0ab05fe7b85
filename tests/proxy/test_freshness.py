from datetime import UTC, date, datetime

import pytest

from proxy import freshness
from proxy.freshness import DAY, HOUR, MINUTE


def at(text: str) -> float:
    """Give the Unix time of a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-11-23T12:00", 10 * MINUTE),
        ("2026-11-23T03:00", 10 * MINUTE),
        ("2026-11-23T03:55", 5 * MINUTE),
        ("2026-11-23T03:59:30", MINUTE),
        ("2026-11-23T04:00", MINUTE),
        ("2026-11-23T05:59:59", MINUTE),
        ("2026-11-23T06:00", 10 * MINUTE),
        ("2026-11-23T23:59", 10 * MINUTE),
    ],
)
def test_latest(moment: str, seconds: int) -> None:
    """The latest is good for ten minutes, and for one while the next picture is due."""
    assert freshness.lifetime("latest", date(2026, 11, 23), at(moment)) == seconds


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-11-20T00:00", HOUR),
        ("2026-11-21T23:59:59", HOUR),
        ("2026-11-22T00:00", 30 * DAY),
        ("2036-11-22T00:00", 30 * DAY),
    ],
)
def test_record(moment: str, seconds: int) -> None:
    """A record may be corrected for 48 hours; then it is good for a month."""
    assert freshness.lifetime("record", date(2026, 11, 20), at(moment)) == seconds


@pytest.mark.parametrize(
    ("day", "seconds"),
    [
        (date(2026, 11, 23), 5 * MINUTE),
        (date(2026, 11, 22), 6 * HOUR),
        (date(2025, 10, 17), 6 * HOUR),
    ],
)
def test_gap(day: date, seconds: int) -> None:
    """Today's picture may be late, a past one filled in."""
    assert freshness.lifetime("nothing", day, at("2026-11-23T12:00")) == seconds


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-11-23T00:00", 23), ("2026-11-23T23:59:59", 23), ("2026-11-24T00:00", 24)],
)
def test_today(moment: str, day: int) -> None:
    """Today is the date in UTC."""
    assert freshness.today(at(moment)).day == day
