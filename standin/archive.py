"""What the stand-in knows of each day: real facts for some, plausible invention for the rest.

The facts of 86 days, chosen for their oddities, are NASA's; no explanation is. Every other day's
record is drawn from a generator that is seeded with the date, so that it never changes.
"""

import json
import random
import re
from datetime import date
from functools import cache
from importlib import resources

Record = dict[str, str]

NO_CONCEPTS = "concept_tags functionality turned off in current service"

WITHOUT_EXPLANATION = date(2021, 7, 28)
"""The real API gives an empty text for this day."""

KINDS = ("Nebula", "Galaxy", "Cluster", "Comet", "Crater", "Moonrise", "Aurora", "Eclipse", "Nova")
NAMES = ("Lantern", "Heron", "Anvil", "Cinder", "Harp", "Kestrel", "Orchard", "Tidal", "Windmill")
PLACES = ("Andromeda", "Carina", "Cygnus", "Lyra", "Mars", "Orion", "Saturn", "the Moon", "Vela")
PEOPLE = ("A. Observer", "Hilltop Observatory", "J. Ní Réalta", "M. Skygazer")

SENTENCES = (
    "What you see took its light a long time to bring here.",
    "Bright young stars have cleared the gas around them and set its edges glowing.",
    "Dark lanes of dust hide what lies behind, at least from eyes that see only visible light.",
    "The colors tell of hydrogen in red, oxygen in blue-green and sulfur in the deepest shades.",
    "A wide field and many patient hours of exposure were combined for the scene.",
    "At its distance the whole view would span several dozen light-years.",
    "Astronomers still argue about how it came to have its shape.",
    "Small telescopes show it as a faint smudge on a moonless night.",
    "Follow the brightest arc to the left and you will find the youngest objects.",
    "Gravity will slowly pull the scene apart over the next hundred million years.",
)


def record(day: date) -> Record:
    """Give the v1 record of *day*, as a call without `thumbs` and `concept_tags` would."""
    facts = _facts().get(day.isoformat()) or _invented(day)
    return {
        "date": day.isoformat(),
        "explanation": _explanation(day, facts["title"]),
        "service_version": "v1",
        **facts,
    }


def with_extras(plain: Record, *, thumbs: bool, concept_tags: bool) -> Record:
    """Add what those two parameters ask for."""
    extras: Record = {}
    if thumbs and plain["media_type"] == "video":
        extras["thumbnail_url"] = _thumbnail(plain["url"])
    if concept_tags:
        extras["concepts"] = NO_CONCEPTS
    return {**plain, **extras}


def known_days() -> list[date]:
    """Give the days whose facts are NASA's."""
    return [date.fromisoformat(day) for day in _facts()]


@cache
def _facts() -> dict[str, Record]:
    text = resources.files("standin").joinpath("records.json").read_text(encoding="utf-8")
    facts: dict[str, Record] = json.loads(text)
    return facts


def _explanation(day: date, title: str) -> str:
    if day == WITHOUT_EXPLANATION:
        return ""
    draw = random.Random(day.toordinal())  # noqa: S311
    return " ".join([f"This is {' '.join(title.split())}.", *draw.sample(SENTENCES, 8)])


def _invented(day: date) -> Record:
    draw = random.Random(-day.toordinal())  # noqa: S311
    name, kind = draw.choice(NAMES), draw.choice(KINDS)
    facts = {"title": f"The {name} {kind} in {draw.choice(PLACES)}", "media_type": "image"}
    if draw.random() < 0.5:
        facts["copyright"] = draw.choice(PEOPLE)
    share = draw.random()
    if share < 0.02:
        return {**facts, "media_type": "other"}
    if share < 0.12:
        video = f"https://www.youtube.com/embed/{name}{kind}{day.toordinal()}"[:41]
        return {**facts, "media_type": "video", "url": f"{video}?rel=0"}
    base = f"https://apod.nasa.gov/apod/image/{day:%y%m}/{name}{kind}{day:%d}"
    return {**facts, "url": f"{base}_1080.jpg", "hdurl": f"{base}_4096.jpg"}


def _thumbnail(url: str) -> str:
    if youtube := re.search(r"youtube\.com/embed/([\w-]+)", url):
        return f"https://img.youtube.com/vi/{youtube[1]}/0.jpg"
    if vimeo := re.search(r"vimeo\.com/video/(\d+)", url):
        return f"https://i.vimeocdn.com/video/{vimeo[1]}_640.jpg"
    return ""
