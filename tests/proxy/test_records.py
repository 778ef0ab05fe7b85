import contextlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.records import FIRST_DAY, InvalidRecordError, Record
from standin import archive

DAY = date(2021, 10, 12)
NEWEST = date(2026, 11, 23)
GOOD = archive.record(DAY)


def read(record: object, asked: date | None = DAY) -> Record:
    """Validate *record* as what a source sent."""
    return Record.from_json(json.dumps(record).encode(), asked=asked, newest=NEWEST)


@pytest.mark.parametrize("day", archive.known_days(), ids=str)
def test_real_records(day: date) -> None:
    """NASA's real records, oddities and all, come out in NASA's own bytes."""
    sent = archive.record(day)
    record = read(dict(reversed(sent.items())), day)
    assert record.body == json.dumps(sent, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert record.day == day


def test_latest() -> None:
    """The latest record may have any date that NASA can have by now."""
    assert read(GOOD, asked=None).day == DAY


def test_escaped() -> None:
    """Characters outside ASCII are escaped, as NASA does."""
    assert read({**GOOD, "copyright": "Stéphane"}).body.isascii()


def test_etag() -> None:
    """Equal bytes have equal tags, different ones do not."""
    assert read(GOOD).etag == read(dict(GOOD)).etag
    assert read(GOOD).etag != read({**GOOD, "title": "Corrected"}).etag
    assert read(GOOD).etag[0] == read(GOOD).etag[-1] == '"'


def test_own_fields_only() -> None:
    """What belongs to a request, or to no v1 record, is not stored."""
    sent = {**GOOD, "concepts": "x", "thumbnail_url": "x", "basic_html": {"a": 1}}
    assert read(sent).body == read(GOOD).body


PLACEHOLDER = {
    "title": "NASA Science",
    "url": "https://science.nasa.gov/wp-content/themes/nasa-child/assets/images/nasa-logo@2x.png",
}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(PLACEHOLDER, id="placeholder"),
        pytest.param({"title": " NASA Science\n"}, id="placeholder title"),
        pytest.param({"hdurl": PLACEHOLDER["url"]}, id="placeholder picture"),
        pytest.param({"date": "2021-10-13"}, id="another day"),
        pytest.param({"date": "20211012"}, id="date in another form"),
        pytest.param({"date": "2021-W41-2"}, id="week date"),
        pytest.param({"date": "soon"}, id="no date"),
        pytest.param({"date": 20211012}, id="date as number"),
        pytest.param({"title": None}, id="null"),
        pytest.param({"explanation": ["x"]}, id="list"),
        pytest.param({"copyright": 7}, id="number"),
        pytest.param({"copyright": "\ud83d"}, id="half a character"),
        pytest.param({"service_version": "v2"}, id="another version"),
        pytest.param({"media_type": "iframe"}, id="another media type"),
        pytest.param({"url": ""}, id="image without address"),
        pytest.param({"media_type": "video", "url": ""}, id="video without address"),
        pytest.param({"url": "javascript:alert(1)"}, id="script as address"),
        pytest.param({"url": " java\tscript:alert(1)"}, id="script between blanks"),
        pytest.param({"hdurl": "Intent://x#Intent;end"}, id="address that starts an app"),
        pytest.param({"media_type": "other", "url": "file:///etc/hosts"}, id="file as address"),
    ],
)
def test_invalid(changes: dict[str, object]) -> None:
    """What is not the record of that day is never made one."""
    with pytest.raises(InvalidRecordError):
        read({**GOOD, **changes})


@pytest.mark.parametrize("name", ["date", "explanation", "media_type", "service_version", "title"])
def test_missing(name: str) -> None:
    """A record has all the fields that NASA always sends."""
    with pytest.raises(InvalidRecordError, match=name):
        read({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("day", [FIRST_DAY.replace(day=15), NEWEST.replace(day=24)])
def test_impossible_latest(day: date) -> None:
    """Nor can the latest record be of a day before the first or after today."""
    with pytest.raises(InvalidRecordError, match="another day"):
        read({**GOOD, "date": day.isoformat()}, asked=None)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"date":', b"[]", b'"x"', b"null", b"[" * 50_000, b"\xff"]
)
def test_not_a_record(data: bytes) -> None:
    """HTML, half a body, an array or nonsense is no record."""
    with pytest.raises(InvalidRecordError):
        Record.from_json(data, asked=DAY, newest=NEWEST)


@given(st.dictionaries(st.sampled_from([*GOOD, "x"]), st.none() | st.text() | st.integers()))
def test_any_object(sent: dict[str, object]) -> None:
    """Whatever object comes, it is a record of that day or refused."""
    with contextlib.suppress(InvalidRecordError):
        assert read({**GOOD, **sent}).day == DAY


def test_messages() -> None:
    """A refusal names the rule, not what was sent."""
    with pytest.raises(InvalidRecordError) as refusal:
        read({**GOOD, "date": "marker"})
    assert "marker" not in str(refusal.value)
