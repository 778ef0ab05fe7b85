"""The picture of the day, at both of its paths."""

import json
from collections.abc import Iterator
from datetime import date

from astropiks.openapi.answers import Answer
from astropiks.openapi.guard import Guard
from astropiks.openapi.operations import Route
from astropiks.openapi.parameters import IF_NONE_MATCH, TEXT, in_header, in_query
from astropiks.openapi.schemas import Json, ref
from astropiks.openapi.upstream import trouble
from edge.settings import Settings
from proxy import apod, query
from proxy.errors import BadQueryError, NoRecordError
from proxy.extras import body_of
from proxy.paths import API, BASES
from proxy.picture_links import PictureLinks
from proxy.problems import problem_of
from proxy.query import MAX_COUNT, ApodQuery, Latest
from proxy.records import FIRST_DAY, Record
from standin import archive

TAG = "Picture of the day"

DAY, VIDEO, GAP = date(2021, 10, 12), date(2021, 10, 11), date(2020, 6, 10)

DATE_PATTERN = r"^\d{4}-(1[0-2]|0?[1-9])-(3[01]|[12]\d|0?[1-9])$"
DATE: Json = {"type": "string", "pattern": DATE_PATTERN}
COUNT: Json = {"type": "integer", "minimum": 1, "maximum": MAX_COUNT}

CACHED = ("Cache-Control", "Cache-Status", "Vary", "ETag", "Age")

DESCRIPTION = """\
Takes the parameters of NASA's APOD API and answers in its v1 form. Of `date`, `start_date`
(perhaps with `end_date`) and `count` at most one may be given; without them it is the latest
picture. Each parameter may stand there once; one that is empty counts as not given, and unknown
ones are refused. Dates are days in UTC."""


def routes(settings: Settings) -> Iterator[Route]:
    """Describe it at our root, and where the Astropiks app looks for it."""
    for base in BASES:
        path = f"{base}{apod.PATH}"
        yield Route(
            path=path,
            name="apod-of-app" if base == API else "apod",
            tag=TAG,
            summary="The latest picture, one day's, several days', or some at random",
            description=" ".join(DESCRIPTION.split()),
            parameters=[*_parameters(settings)],
            answers=[*_answers(settings, path)],
            guard=Guard(settings, is_proxy=True),
        )


def _parameters(settings: Settings) -> Iterator[Json]:
    latest = (
        "today, whose date gets the latest picture until its own is out"
        if settings.apod_unpublished == "latest"
        else "today"
    )
    form = "YYYY-MM-DD; months and days need no leading zero"
    yield in_query(
        "date",
        f"The day, from {FIRST_DAY} to {latest}: {form}.",
        DATE,
        {
            "one day": DAY.isoformat(),
            "a video": VIDEO.isoformat(),
            "a day without a picture": GAP.isoformat(),
            "no such day": "2024-02-30",
            "two questions at once": DAY.isoformat(),
        },
    )
    first, last = VIDEO.isoformat(), DAY.isoformat()
    yield in_query(
        "start_date",
        f"The first of several days, at most {settings.apod_max_range_days}; the answer is an "
        "array, in order.",
        DATE,
        {"several days": first, "backwards": last},
    )
    yield in_query(
        "end_date",
        "The last of them; else today.",
        DATE,
        {"several days": last, "backwards": first},
    )
    yield in_query(
        "count",
        "So many different days, drawn at random; the answer is an array, in no order.",
        COUNT,
        {"at random": 2, "two questions at once": 2},
    )
    yield in_query(
        "thumbs",
        "`true`, in any case, adds `thumbnail_url` to videos; anything else does not.",
        TEXT,
        {"a video": "true"},
    )
    yield in_query(
        "concept_tags",
        "Anything adds `concepts`, which says that NASA has switched them off.",
        TEXT,
        {"a video": "true"},
    )
    yield in_query("hd", "Changes nothing, as at NASA: pictures always have `hdurl`.", TEXT)
    yield {
        **in_query("api_key", "Not needed. It is dropped, and never reaches NASA.", TEXT),
        "deprecated": True,
    }
    yield IF_NONE_MATCH
    yield in_header("Accept-Encoding", "Whether the answer may come as `gzip`.")


def _answers(settings: Settings, path: str) -> Iterator[Answer]:
    yield Answer(
        status=200,
        description="The record of one day, or an array of records.",
        content={"application/json": {"anyOf": [ref("Record"), ref("Records")]}},
        examples=_records(settings),
        headers=(*CACHED, "Content-Encoding"),
    )
    yield Answer(
        status=304, description="It is what `If-None-Match` says; no body.", headers=CACHED
    )
    for shows, text in BAD_QUERIES.items():
        yield Answer.of_problem(
            problem_of(BadQueryError(text)), path, shows, "NASA would refuse the parameters."
        )
    yield Answer.of_problem(
        problem_of(NoRecordError(GAP)),
        path,
        "a day without a picture",
        "NASA has no picture for that day, or not yet.",
    )
    yield from trouble(path)


BAD_QUERIES = {
    "no such day": "day is out of range for month",
    "two questions at once": query.BAD_COMBINATION,
    "backwards": "start_date cannot be after end_date",
    "unknown parameter": query.UNKNOWN_FIELD,
    "not a number": "invalid literal for int() with base 10: 'x'",
    "too many at once": f"Count must be positive and cannot exceed {MAX_COUNT}",
    "no date": "time data '20240101' does not match format '%Y-%m-%d'",
    "more than a date": "unconverted data remains: T00:00",
}


def _records(settings: Settings) -> dict[str, object]:
    """Give the answers to the parameters' examples, as far as they are always the same."""
    links = None
    if settings.image_proxy == "on" and settings.public_base_url:
        links = PictureLinks(settings.public_base_url, settings.image_hosts)
    day, video = (Record.from_members(archive.record(one)) for one in (DAY, VIDEO))
    plain = ApodQuery(wanted=Latest())
    everything = ApodQuery(wanted=Latest(), thumbs=True, concept_tags=True)
    return {
        "one day": json.loads(body_of(day, plain, links)),
        "a video": json.loads(body_of(video, everything, links)),
        "several days": [json.loads(body_of(one, plain, links)) for one in (video, day)],
    }
