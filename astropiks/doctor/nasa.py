"""How NASA is asked: key, addresses, sources."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from astropiks.doctor.finding import Finding, ok, warning
from astropiks.doctor.surroundings import Surroundings
from astropiks.hosts import is_loopback
from edge.settings import Settings

ARCHIVED_ON = date(2026, 12, 1)
"""When NASA archives the old API."""

KEY_FORM = re.compile(r"[A-Za-z0-9]{40}")
"""What api.nasa.gov hands out."""

DEMONSTRATION_KEY = "DEMO_KEY"


def nasa(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """Say what is risky in how NASA is asked."""
    if not settings.serves_proxy:
        return
    yield from _key(settings)
    yield from _sources(settings, here)
    if settings.in_production:
        yield from _addresses(settings)


def _key(settings: Settings) -> Iterator[Finding]:
    if settings.nasa_api_key is None:
        who = "none is asked for" if settings.in_production else "a stand-in answers"
        yield ok("NASA_API_KEY", f"Not set: {who}.")
        return
    key = settings.nasa_api_key.get_secret_value()
    if key == DEMONSTRATION_KEY:
        yield warning(
            "NASA_API_KEY",
            "It is NASA's key for demonstrations: 30 calls an hour and fewer, for all who share "
            "this machine's address.",
            "Get a key of your own at https://api.nasa.gov: it is free, and comes at once.",
        )
    elif not KEY_FORM.fullmatch(key):
        yield warning(
            "NASA_API_KEY",
            "It does not look like a key of api.nasa.gov, which has 40 letters and digits.",
            "See whether all of it was copied, and nothing besides; --live tries it.",
        )
    else:
        yield ok("NASA_API_KEY", "It has the form of a key of api.nasa.gov; --live tries it.")
    if settings.nasa_api_key_in == "query":
        yield warning(
            "NASA_API_KEY_IN",
            "query: the key stands in URLs, which proxies and servers write into their logs.",
            "Set it to header, which NASA takes as well.",
        )


def _sources(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    sources = settings.apod_sources
    is_archived = datetime.fromtimestamp(here.now, UTC).date() >= ARCHIVED_ON
    since = "has been archived since" if is_archived else "is archived on"
    if sources == ("legacy",):
        yield warning(
            "APOD_SOURCES",
            f"legacy alone: NASA's old API {since} {ARCHIVED_ON}.",
            "Add the new one, which wants no key: legacy,science.",
        )
    elif sources[0] == "legacy" and is_archived:
        yield warning(
            "APOD_SOURCES",
            f"The old API is asked first, and {since} {ARCHIVED_ON}.",
            "Put the new one first: science,legacy.",
        )
    elif len(sources) == 1:
        yield warning(
            "APOD_SOURCES",
            "Only one of NASA's APIs is asked: nothing stands in where it fails.",
            "Name both: science,legacy.",
        )


def _addresses(settings: Settings) -> Iterator[Finding]:
    addresses = {
        "NASA_API_BASE_URL": settings.nasa_api_base_url,
        "NASA_SCIENCE_BASE_URL": settings.nasa_science_base_url,
        "NASA_IMAGE_BASE_URL": settings.nasa_image_base_url or "",
    }
    for name, url in addresses.items():
        if is_loopback(urlsplit(url).hostname or ""):
            yield warning(
                name,
                "It is an address of this machine, not NASA's: a stand-in?",
                "Remove it for production.",
            )
