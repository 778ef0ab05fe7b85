"""A service with everything switched on, on a real socket, before a NASA that can be broken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from astropiks.apps import create_app
from astropiks.server import serving
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import Fault
from tests.conftest import NASA_KEY, make_settings
from tests.proof.failures.asked import NOW, Kind
from tests.proof.failures.judged import BASE_URL, VALUE, App, Seen

APIS = ("legacy", "science", "pictures", "others")

OLD_HOURS = 5
"""After these a recent record, and the latest, are past their lifetimes."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is asked, what it asks, and its clock.

    Attributes:
        app: asks it, with the clock of everybody else.
        nasa: what it asks.
        nasa_url: where that is.
        clock: its own.
        nasa_clock: that of NASA, and of everybody else.
    """

    app: App
    nasa: StandIn
    nasa_url: str
    clock: SettableClock
    nasa_clock: SettableClock

    def advance(self, **by: float) -> None:
        """Let time pass for everybody."""
        self.clock.advance(**by)
        self.nasa_clock.advance(**by)

    def break_nasa(self, fault: Fault) -> None:
        """Let all of NASA fail, and count its calls from here."""
        self.nasa.faults.update(dict.fromkeys(APIS, fault))
        self.nasa.requests.clear()

    def ask(self, kind: Kind) -> Seen:
        """Ask, and count NASA's calls until the answer is there."""
        self.nasa.requests.clear()
        seen = self.app.ask(kind)
        return replace(seen, calls=len(self.nasa.requests))

    def prepare(self, kinds: Sequence[Kind]) -> None:
        """See to it that what is to be held is held, and what is to be old is."""
        for kind in kinds:
            if kind.before:
                seen = self.app.ask(kind.before)
                assert seen.is_well, (kind.before, seen)
            if kind.state != "cold":
                seen = self.app.ask(kind)
                assert seen.is_well, (kind, seen)
        if any(kind.state == "old" for kind in kinds):
            self.advance(hours=OLD_HOURS)


def secrets_file(folder: Path) -> Path:
    """Write down two secrets, one of them for sealing alone."""
    (folder / "value").write_text(VALUE)
    path = folder / "secrets.toml"
    path.write_text(
        f'[secrets.plain]\nsource = "file:{folder}/value"\n'
        f'[secrets.sealed]\nsource = "file:{folder}/value"\npolicy = {{ sealed = true }}\n'
    )
    return path


@contextmanager
def served(secrets: Path, now: datetime = NOW, **settings: object) -> Iterator[Service]:
    """Serve, each time anew, at a time of the day."""
    clock, nasa_clock = SettableClock(now), SettableClock(now)
    nasa = StandIn(keys={NASA_KEY}, clock=nasa_clock)
    with serving(nasa) as nasa_url, serving_of(nasa_url, clock, secrets, **settings) as url:
        yield Service(App(url, nasa_clock), nasa, nasa_url, clock, nasa_clock)


@contextmanager
def serving_of(
    nasa_url: str, clock: SettableClock, secrets: Path, **settings: object
) -> Iterator[str]:
    """Serve the service alone, and give its address."""
    app_settings = make_settings(
        nasa_api_base_url=nasa_url,
        nasa_science_base_url=nasa_url,
        nasa_image_base_url=nasa_url,
        image_proxy="on",
        public_base_url=BASE_URL,
        nasa_passthrough="/neo/,/DONKI/",
        runtime_secrets_file=secrets,
        **settings,
    )
    with serving(create_app(app_settings, clock=clock)) as url:
        yield url
