from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from standin import archive, rules
from standin.calendar import GAPS, is_published, latest_published

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()

ALLOWED = (
    "Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', "
    "'start_date', 'end_date', 'thumbs'"
)
UNKNOWN = f"Bad Request: incorrect field passed. {ALLOWED}"
COMBINATION = f"Bad Request: invalid field combination passed. {ALLOWED}"
RANGE = "Date must be between Jun 16, 1995 and Nov 23, 2026."


def many(query: Mapping[str, str], now: float = NOON) -> list[archive.Record]:
    """Ask for several records."""
    records = rules.answer(query, now)
    assert isinstance(records, list)
    return records


def one(query: Mapping[str, str], now: float = NOON) -> archive.Record:
    """Ask for one record."""
    record = rules.answer(query, now)
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize(
    ("query", "status", "msg"),
    [
        ({"_": "1"}, 400, UNKNOWN),
        ({"_": "1", "date": "nonsense"}, 400, UNKNOWN),
        ({"date": "2021-10-12", "count": "1"}, 400, COMBINATION),
        ({"date": "2021-10-12", "start_date": "2021-10-12"}, 400, COMBINATION),
        ({"count": "1", "start_date": "2021-10-12"}, 400, COMBINATION),
        ({"end_date": "2021-10-12"}, 400, COMBINATION),
        ({"date": "x"}, 400, "time data 'x' does not match format '%Y-%m-%d'"),
        ({"date": "2021-10-12x"}, 400, "unconverted data remains: x"),
        ({"date": "1995-06-15"}, 400, RANGE),
        ({"date": "2026-11-24"}, 400, RANGE),
        ({"start_date": "2026-11-20", "end_date": "2026-11-24"}, 400, RANGE),
        (
            {"start_date": "2021-10-13", "end_date": "2021-10-12"},
            400,
            "start_date cannot be after end_date",
        ),
        ({"count": "0"}, 400, "Count must be positive and cannot exceed 100"),
        ({"count": "101"}, 400, "Count must be positive and cannot exceed 100"),
        ({"count": "abc"}, 400, "invalid literal for int() with base 10: 'abc'"),
        ({"date": "1995-06-17"}, 404, "No data available for date: 1995-06-17"),
    ],
)
def test_errors(query: dict[str, str], status: int, msg: str) -> None:
    """A bad query gets NASA's status and text."""
    with pytest.raises(rules.RuleError) as refusal:
        rules.answer(query, NOON)
    assert (refusal.value.status, refusal.value.msg) == (status, msg)


def test_latest() -> None:
    """Undated, it is the latest record, and empty values count as absent."""
    assert one({})["date"] == one({"date": "", "count": ""})["date"] == "2026-11-23"


def test_unpadded() -> None:
    """An unpadded date is read, and padded in the record."""
    assert one({"date": "2021-3-3"})["date"] == "2021-03-03"


def test_range() -> None:
    """A range is ascending and inclusive, and leaves out what has no picture."""
    days = [
        record["date"] for record in many({"start_date": "2020-06-09", "end_date": "2020-06-12"})
    ]
    assert days == ["2020-06-09", "2020-06-11", "2020-06-12"]


def test_open_range() -> None:
    """Without an end a range goes on to today, less a today that is not out yet."""
    early = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()
    assert [r["date"] for r in many({"start_date": "2026-11-22"}, early)] == [
        "2026-11-22",
        "2026-11-23",
    ]


def test_range_of_gaps() -> None:
    """A range in which there is nothing is an empty list."""
    assert many({"start_date": "1995-06-17", "end_date": "1995-06-19"}) == []


def test_count() -> None:
    """A count gives so many distinct days, none of them a gap."""
    days = [date.fromisoformat(record["date"]) for record in many({"count": "100"})]
    assert len(set(days)) == len(days) == 100
    assert not GAPS & set(days)


@pytest.mark.parametrize(
    ("day", "thumbnail"),
    [
        ("2021-11-08", "https://img.youtube.com/vi/7NykS2kv_k8/0.jpg"),
        ("2013-06-12", "https://img.youtube.com/vi/DmYK479EpQc/0.jpg"),
        ("2018-03-05", ""),
        ("2021-10-12", None),
    ],
)
def test_thumbs(day: str, thumbnail: str | None) -> None:
    """With thumbs, videos have a thumbnail, if only an empty one."""
    assert one({"date": day, "thumbs": "True"}).get("thumbnail_url") == thumbnail
    assert "thumbnail_url" not in one({"date": day, "thumbs": "1"})


def test_concept_tags() -> None:
    """Any value of concept_tags adds the notice that they are off."""
    assert one({"concept_tags": "False"})["concepts"].endswith("turned off in current service")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-24T00:00+00:00", 23),
        ("2026-11-24T05:04+00:00", 23),
        ("2026-11-24T05:05+00:00", 24),
        ("2026-07-24T04:04+00:00", 23),
        ("2026-07-24T04:05+00:00", 24),
    ],
)
def test_publication(moment: str, day: int) -> None:
    """The picture appears at five past midnight in New York, in summer and in winter."""
    assert latest_published(datetime.fromisoformat(moment).timestamp()).day == day


def test_unpublished() -> None:
    """What is not out yet is not there."""
    assert not is_published(date(2026, 11, 23), datetime(2026, 11, 23, 4, tzinfo=UTC).timestamp())


def test_invented_records() -> None:
    """Any other day has a record that never changes and has all that NASA always sends."""
    for ordinal in range(date(2022, 1, 1).toordinal(), date(2023, 1, 1).toordinal()):
        record = archive.record(date.fromordinal(ordinal))
        assert record == archive.record(date.fromordinal(ordinal))
        assert ("url" in record) == (record["media_type"] != "other")
        assert ("hdurl" in record) == (record["media_type"] == "image")
        assert 300 < len(record["explanation"]) < 2000


def test_known_oddities() -> None:
    """The real days keep their oddities: no explanation, a blank in an address, a line break."""
    assert archive.record(date(2021, 7, 28))["explanation"] == ""
    assert archive.record(date(2001, 11, 5))["hdurl"].endswith(" ")
    assert "\n" in archive.record(date(2008, 2, 25))["title"]
    assert len(archive.known_days()) == 86
