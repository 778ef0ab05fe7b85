"""NASA's rules for a query to the legacy API, in NASA's order and with NASA's texts."""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from standin import archive
from standin.calendar import FIRST_DAY, GAPS, utc_today
from standin.conditions import CALM, Conditions

FIELDS = ("concept_tags", "date", "hd", "count", "start_date", "end_date", "thumbs")
ALLOWED = f"Allowed request fields for apod method are {str(FIELDS)[1:-1]}"
COMBINATIONS = ({"date"}, {"start_date"}, {"start_date", "end_date"}, {"count"}, set[str]())
MAX_COUNT = 100


class RuleError(Exception):
    """The backend's own error answer.

    Attributes:
        status: HTTP status, repeated in the body as `code`.
        msg: NASA's text.
    """

    def __init__(self, status: int, msg: str) -> None:
        super().__init__(msg)
        self.status = status
        self.msg = msg


def answer(
    query: Mapping[str, str], now: float, conditions: Conditions = CALM
) -> archive.Record | list[archive.Record]:
    """Give the body for *query*, with the first of repeated parameters, at Unix time *now*.

    Raises:
        RuleError: NASA would answer with an error.
    """
    if any(name not in FIELDS for name in query):
        raise RuleError(400, f"Bad Request: incorrect field passed. {ALLOWED}")
    given = {name: value for name, value in query.items() if value}
    if given.keys() & {"date", "start_date", "end_date", "count"} not in COMBINATIONS:
        raise RuleError(400, f"Bad Request: invalid field combination passed. {ALLOWED}")
    days = _days(given, now, conditions)
    if conditions.bad_days.intersection(days):
        raise RuleError(500, "Internal Service Error")
    records = [
        archive.with_extras(
            conditions.record(day),
            thumbs=given.get("thumbs", "").lower() == "true",
            concept_tags="concept_tags" in given,
        )
        for day in days
    ]
    return records if {"start_date", "count"} & given.keys() else records[0]


def _days(given: Mapping[str, str], now: float, conditions: Conditions) -> list[date]:
    if "count" in given:
        return _random_days(_count(given["count"]), now, conditions)
    if "start_date" in given:
        start = _date(given["start_date"], now)
        end = _date(given["end_date"], now) if "end_date" in given else utc_today(now)
        if start > end:
            raise RuleError(400, "start_date cannot be after end_date")
        span = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        return [day for day in span if conditions.is_published(day, now)]
    if "date" not in given:
        return [conditions.latest_published(now)]
    day = _date(given["date"], now)
    if not conditions.is_published(day, now):
        raise RuleError(404, f"No data available for date: {day}")
    return [day]


def _date(text: str, now: float) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise RuleError(400, str(error)) from None
    if not FIRST_DAY <= day <= utc_today(now):
        first, last = (f"{bound:%b %d, %Y}" for bound in (FIRST_DAY, utc_today(now)))
        raise RuleError(400, f"Date must be between {first} and {last}.")
    return day


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError as error:
        raise RuleError(400, str(error)) from None
    if not 0 < count <= MAX_COUNT:
        raise RuleError(400, f"Count must be positive and cannot exceed {MAX_COUNT}")
    return count


def _random_days(count: int, now: float, conditions: Conditions) -> list[date]:
    last = conditions.latest_published(now)
    archive_days = range(FIRST_DAY.toordinal(), last.toordinal() + 1)
    drawn = random.sample(archive_days, count + len(GAPS) + len(conditions.missing_days))
    days = map(date.fromordinal, drawn)
    return [day for day in days if conditions.is_published(day, now)][:count]
