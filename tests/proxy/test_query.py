import contextlib
from datetime import date, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import query
from proxy.errors import ApodError, BadQueryError
from proxy.query import ApodQuery, Day, Latest, Sample, Span

TODAY = date(2026, 11, 23)

ALLOWED = (
    "Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', "
    "'start_date', 'end_date', 'thumbs'"
)


def parse(raw: str) -> ApodQuery:
    """Parse *raw* on the day of the tests."""
    return query.parse(raw.encode(), today=TODAY, max_days=366)


def refusal(raw: str) -> str:
    """Give the text of the 400 that *raw* gets."""
    with pytest.raises(BadQueryError) as refused:
        parse(raw)
    return str(refused.value)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("", None),
        ("date=", None),
        ("date", None),
        ("api_key=x", None),
        ("api_key=x&api_key=y", None),
        ("hd=true", None),
        ("count=&thumbs=", None),
        ("thumbs=false", None),
        ("date=2021-10-12", date(2021, 10, 12)),
        ("date=2021-10-12&api_key=DEMO_KEY&hd=True", date(2021, 10, 12)),
        ("date=2021-3-3", date(2021, 3, 3)),
        ("date=2021%2D03%2D03", date(2021, 3, 3)),
        ("%64ate=2021-03-03", date(2021, 3, 3)),
        ("date=1995-06-16", date(1995, 6, 16)),
        ("date=2026-11-23", date(2026, 11, 23)),
    ],
)
def test_good(raw: str, day: date | None) -> None:
    """Every spelling of one question is one query."""
    assert parse(raw) == ApodQuery(wanted=Latest() if day is None else Day(day))


@pytest.mark.parametrize(
    "raw",
    [
        "_=1",
        "date=2021-10-12&Date=2021-10-12",
        "dates=",
        "=",
        "x",
        "a;b=1",
        "date=%ff",
        "date%00=1",
        "date=2021-10-12" + "&hd=" * 300,
        "date=é",
    ],
)
def test_unknown_field(raw: str) -> None:
    """An unknown field is NASA's 400, whatever else is right."""
    assert refusal(raw) == f"Bad Request: incorrect field passed. {ALLOWED}"


@pytest.mark.parametrize(
    "raw",
    [
        "date=2021-10-12&date=2021-10-12",
        "date=&date=",
        "hd=1&hd=1",
        "date=2021-10-12&%64ate=2021-10-13",
    ],
)
def test_repeated_field(raw: str) -> None:
    """A repeated field is refused, where others would take the first or the last."""
    assert refusal(raw) == f"Bad Request: invalid field combination passed. {ALLOWED}"


@pytest.mark.parametrize(
    "text",
    [
        "20240101",
        "2024-W01-1",
        "24-01-01",
        "2024/01/01",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "yesterday",
        "٢٠٢٤-٠١-٠١",
        " 2024-01-01",
        "2024-01- 1",
        "2024-1",
        "+2024-01-01",
        "-1-01-01",
    ],
)
def test_unparsable_date(text: str) -> None:
    """A date in another form gets the text of NASA's strptime, and never becomes a second key."""
    assert refusal(f"date={quote(text)}") == f"time data {text!r} does not match format '%Y-%m-%d'"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2024-01-01T00:00", "T00:00"),
        ("2024-01-32", "2"),
        ("2024-01-01 ", " "),
        ("2024-01-01\n", "\n"),
    ],
)
def test_trailing_text(text: str, rest: str) -> None:
    """Text behind a date is named, as strptime names it."""
    assert refusal(f"date={quote(text)}") == f"unconverted data remains: {rest}"


@pytest.mark.parametrize("text", ["2024-02-30", "2023-02-29", "2024-04-31", "2100-02-29"])
def test_impossible_day(text: str) -> None:
    """A day that no calendar has is refused."""
    assert refusal(f"date={text}") == "day is out of range for month"


@pytest.mark.parametrize("text", ["1995-06-15", "2026-11-24", "0001-01-01", "9999-12-31"])
def test_out_of_range(text: str) -> None:
    """A date that NASA cannot have is answered without asking it."""
    assert refusal(f"date={text}") == "Date must be between Jun 16, 1995 and Nov 23, 2026."


@pytest.mark.parametrize(
    ("raw", "start", "end"),
    [
        ("start_date=2021-10-12&end_date=2021-10-14", date(2021, 10, 12), date(2021, 10, 14)),
        ("end_date=2021-10-12&start_date=2021-10-12", date(2021, 10, 12), date(2021, 10, 12)),
        ("start_date=2026-11-20", date(2026, 11, 20), TODAY),
        ("start_date=2026-11-20&end_date=", date(2026, 11, 20), TODAY),
        ("start_date=2025-11-23", date(2025, 11, 23), TODAY),
    ],
)
def test_span(raw: str, start: date, end: date) -> None:
    """A range has a start and an end, which is today where it is not given."""
    assert parse(raw).wanted == Span(start, end)


@pytest.mark.parametrize(
    ("raw", "msg"),
    [
        ("start_date=2021-10-13&end_date=2021-10-12", "start_date cannot be after end_date"),
        ("start_date=x", "time data 'x' does not match format '%Y-%m-%d'"),
        (
            "start_date=2026-11-20&end_date=2026-11-24",
            "Date must be between Jun 16, 1995 and Nov 23, 2026.",
        ),
        ("start_date=2025-11-22", "The range is longer than 366 days: ask for it in parts."),
    ],
)
def test_bad_span(raw: str, msg: str) -> None:
    """A bad range gets NASA's text; only the bound on its length is ours."""
    assert refusal(raw) == msg


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("100", 100), ("007", 7), ("%205", 5)])
def test_count(text: str, count: int) -> None:
    """A count is a number that Python's int reads."""
    assert parse(f"count={text}").wanted == Sample(count)


@pytest.mark.parametrize("text", ["0", "101", "-1", "999999999"])
def test_bad_count(text: str) -> None:
    """Outside 1 to 100 it is refused."""
    assert refusal(f"count={text}") == "Count must be positive and cannot exceed 100"


@pytest.mark.parametrize("text", ["abc", "1.5", "1e1", "٣", "1_0", "9999999999"])
def test_no_count(text: str) -> None:
    """What is no number gets Python's text for it."""
    expected = f"invalid literal for int() with base 10: {text!r}"
    assert refusal(f"count={quote(text)}") == expected


@pytest.mark.parametrize(
    "raw",
    [
        "date=2021-10-12&count=1",
        "date=2021-10-12&start_date=2021-10-12",
        "count=1&start_date=2021-10-12",
        "end_date=2021-10-12",
    ],
)
def test_combinations(raw: str) -> None:
    """What NASA does not combine is refused, before anything in it is read."""
    assert refusal(raw) == f"Bad Request: invalid field combination passed. {ALLOWED}"


@pytest.mark.parametrize(
    ("raw", "thumbs", "concept_tags"),
    [
        ("thumbs=true", True, False),
        ("thumbs=TRUE", True, False),
        ("thumbs=1", False, False),
        ("thumbs=", False, False),
        ("concept_tags=False", False, True),
        ("concept_tags=", False, False),
    ],
)
def test_extras(raw: str, *, thumbs: bool, concept_tags: bool) -> None:
    """Only true asks for thumbnails, anything at all for concept tags."""
    parsed = parse(raw)
    assert (parsed.thumbs, parsed.concept_tags) == (thumbs, concept_tags)


@given(st.dates(date(1995, 6, 16), TODAY))
def test_any_day(day: date) -> None:
    """Every day of the archive can be asked for, padded or not."""
    for text in (str(day), f"{day.year}-{day.month}-{day.day}"):
        assert parse(f"date={text}").wanted == Day(day)


@given(st.text(max_size=20))
def test_any_text(text: str) -> None:
    """Any other text ends in a refusal, and whatever passes is what strptime reads too."""
    try:
        parsed = parse(f"date={quote(text, errors='replace')}")
    except ApodError:
        return
    read = datetime.strptime(text, "%Y-%m-%d").date() if text else None  # noqa: DTZ007
    assert parsed.wanted == (Day(read) if read else Latest())


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes) -> None:
    """Whatever bytes come, the parser gives a query or one of its own errors."""
    with contextlib.suppress(ApodError):
        assert isinstance(query.parse(raw, today=TODAY, max_days=366), ApodQuery)


def test_quotes_little() -> None:
    """A long bad date is quoted in part: an error is not an echo."""
    assert len(refusal("date=" + "x" * 900)) < 200
    assert len(refusal("date=2024-01-01" + "x" * 900)) < 200
