"""The page as it is before any script has run: the picture of the day, and a line to paste."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from astropiks.console import inside, switchboard
from astropiks.console.askers import Askers, Who
from astropiks.console.callers import origin_of
from astropiks.console.pictures import Pictures, at_nasa
from edge.settings import DevelopmentSettings

LATEST = "/planetary/apod"

NASA_PAGES = "https://apod.nasa.gov/apod/"
"""Where an address without a scheme or host belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the page says of this process.

    Attributes:
        nasa: who plays NASA.
        base_urls: by where they are used from.
        curl: a line to paste.
        is_stand_in: whether NASA's faults can be switched.
    """

    nasa: str
    base_urls: Mapping[str, str]
    curl: str
    is_stand_in: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """A request to try."""

    title: str
    target: str


class Page:
    """`GET /`."""

    def __init__(
        self,
        app: ASGIApp,
        settings: DevelopmentSettings,
        about: About,
        askers: Askers,
        pictures: Pictures,
    ) -> None:
        self._app = app
        self._settings = settings
        self._about = about
        self._askers = askers
        self._pictures = pictures
        environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"day": day, "link": link, "picture": pictures.address}
        self._template = environment.get_template("console.html")

    async def show(self, request: Request) -> Response:
        """Render it, with the picture of the day if NASA gives it soon."""
        base = self._settings.public_base_url or origin_of(request.scope)
        text = self._template.render(
            about=self._about,
            apis=switchboard.APIS,
            base=base,
            choices=list(self._askers.choices()),
            faults=switchboard.FAULTS,
            fields=switchboard.FIELDS,
            presets=presets(self._settings),
            record=await self._latest(request, base),
            settings=self._settings,
        )
        return HTMLResponse(text)

    async def _latest(self, request: Request, base: str) -> dict[str, Any] | None:
        """Ask the application itself, which is at *base*, as a genuine app does."""
        if not self._settings.serves_proxy:
            return None
        headers = self._askers.headers(Who.GENUINE, base + LATEST)
        answer = await inside.ask(self._app, request.scope, LATEST, headers)
        if answer.status != 200:
            return None
        record: dict[str, Any] = json.loads(answer.body)
        return {**record, "url": at_nasa(record.get("url", ""), base)}


def presets(settings: DevelopmentSettings) -> Sequence[Preset]:
    """Give some requests that show what there is."""
    found: list[Preset] = []
    if settings.serves_proxy:
        found += [
            Preset("Today", LATEST),
            Preset("A date", f"{LATEST}?date=2021-10-12"),
            Preset("A range", f"{LATEST}?start_date=2021-10-10&end_date=2021-10-14"),
            Preset("Three at random", f"{LATEST}?count=3"),
            Preset("A bad date", f"{LATEST}?date=2021-02-30"),
        ]
    if settings.serves_secrets:
        found.append(Preset("Secrets", "/secrets"))
    return found


def day(text: str) -> str:
    """Write a date as people read it."""
    given = date.fromisoformat(text)
    return f"{given.day} {given:%B %Y}"


def link(url: str) -> str | None:
    """Give the address of a web page or file, if *url* is one: never a script."""
    try:
        absolute = urljoin(NASA_PAGES, url.strip())
        is_web = urlsplit(absolute).scheme in {"http", "https"}
    except ValueError:  # such as http://[x
        return None
    return absolute if is_web else None
