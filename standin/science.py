"""NASA's new API as far as it is known: `apod-basic` of science.nasa.gov."""

import re
from datetime import date, datetime, timedelta
from html import escape

from standin import archive
from standin.calendar import FIRST_DAY
from standin.conditions import CALM, Conditions

Post = dict[str, object]

PAGE = 25
ASSETS = "https://assets.science.nasa.gov/dynamicimage/assets/science/cds/apod/apod"
THUMBNAIL = "https://science.nasa.gov/wp-content/uploads/2026/09/news-thumbnail.png"
HOUSEKEEPING = "Tomorrow's picture: another. Authors and editors: see the site."


class PostError(Exception):
    """An error in the shape of WordPress.

    Attributes:
        status: HTTP status.
        code: WordPress's code.
        message: its text.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def one(text: str, now: float, conditions: Conditions = CALM) -> Post:
    """Give the post whose address ends in YYMMDD."""
    day = _day(text)
    if day is None or not conditions.is_published(day, now):
        raise PostError(404, "apod_basic_not_found", "APOD not found.")
    return post(day, conditions)


def page(
    query: dict[str, str], now: float, conditions: Conditions = CALM
) -> tuple[list[Post], int]:
    """Give one page, newest first, and how many posts there are. Unknown parameters do nothing."""
    bounds = {name: _day(query[name]) for name in ("date_from", "date_to") if name in query}
    if None in bounds.values():
        raise PostError(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(bounds)}")
    first = max(FIRST_DAY, bounds.get("date_from") or FIRST_DAY)
    latest = conditions.latest_published(now)
    last = min(latest, bounds.get("date_to") or latest)
    span = [last - timedelta(days=n) for n in range((last - first).days + 1)]
    days = [day for day in span if conditions.is_published(day, now)]
    size = min(PAGE, _number(query, "per_page", PAGE))
    start = (_number(query, "page", 1) - 1) * size
    return [post(day, conditions) for day in days[start : start + size]], len(days)


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000):
        raise PostError(400, "rest_invalid_param", f"Invalid parameter(s): {name}")
    return int(text)


def post(day: date, conditions: Conditions = CALM) -> Post:
    """Give the new API's form of a day's record."""
    record = conditions.record(day)
    title = " ".join(record["title"].split())
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    address = f"https://science.nasa.gov/image-article/apod-{day:%Y-%B-%d}-{slug}/".lower()
    text = f"<strong>Explanation: </strong> {escape(record['explanation'])}"
    return {
        "date": day.isoformat(),
        "post_id": 1_000_000 + day.toordinal(),
        "title": escape(title),
        "alt": "",
        "explanation": f"{text}<br><br>{HOUSEKEEPING}",
        "credit": "NASA",
        "copyright": escape(record.get("copyright", "")),
        "permalink": address,
        "url": address,
        "basic_html_url": f"{address}html",
        **_media(day, record, conditions),
    }


def _media(day: date, record: archive.Record, conditions: Conditions) -> Post:
    if day in conditions.pictureless_days:
        return {"media_type": "image", "hdurl": THUMBNAIL, "basic_html": ""}
    if record["media_type"] == "image":
        name = record["hdurl"].strip().rsplit("/", 1)[-1]
        picture = f"{ASSETS}/{day:%Y/%B}/{name}".replace(f"{day:%B}", f"{day:%B}".lower())
        address = f"{picture}?w=4096&h=2730&fit=clip&crop=faces%2Cfocalpoint"
        return {"media_type": "image", "hdurl": address, "basic_html": f'<img src="{address}">'}
    if record["media_type"] == "video":
        frame = f'<iframe src="{escape(record["url"])}"></iframe>'
        return {"media_type": "iframe", "hdurl": "", "basic_html": frame}
    return {"media_type": "other", "hdurl": "", "basic_html": "<p></p>"}


def _day(text: str) -> date | None:
    try:
        day = datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None
