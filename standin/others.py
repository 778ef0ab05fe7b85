"""A few of the other APIs behind the same gateway, in the shape of their answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Other:
    """One of them.

    Attributes:
        answer: makes the body for a query and the API key that came with it.
        headers: headers of the answer.
    """

    answer: Callable[[Query, str], object]
    headers: Mapping[str, str] = field(default_factory=dict)


def _neo_feed(query: Query, key: str) -> object:
    """Asteroids near the Earth. The links repeat the caller's key, as those of NeoWs do."""
    day = query.get("start_date", "2026-11-23")
    link = f"http://api.nasa.gov/neo/rest/v1/feed?start_date={day}&end_date={day}&api_key={key}"
    text = query.get("size", "1")
    size = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    rock = {"id": "3542519", "name": "(2010 PK9)", "is_potentially_hazardous_asteroid": True}
    rocks = [{**rock, "links": {"self": link}}] * size
    return {"links": {"self": link}, "element_count": size, "near_earth_objects": {day: rocks}}


def _notifications(query: Query, _: str) -> object:
    """Space weather."""
    kind = query.get("type", "all")
    return [{"messageType": kind, "messageID": "20261123-AL-001", "messageBody": "Quiet."}]


def _natural(_: Query, __: str) -> object:
    """Pictures of the whole Earth."""
    taken = date(2026, 11, 20)
    return [{"identifier": f"{taken:%Y%m%d}003633", "image": f"epic_1b_{taken:%Y%m%d}003633"}]


OTHERS: Mapping[str, Other] = {
    "/neo/rest/v1/feed": Other(_neo_feed),
    "/DONKI/notifications": Other(_notifications, {"Cache-Control": "public, max-age=300"}),
    "/EPIC/api/natural": Other(_natural, {"Cache-Control": "max-age=60", "Set-Cookie": "a=1"}),
}
