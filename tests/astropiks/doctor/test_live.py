"""What the doctor says of NASA, by its stand-in over a socket."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from astropiks import server
from astropiks.doctor import clocks
from astropiks.doctor.finding import Finding, Level
from astropiks.doctor.live import ADVICE, live
from astropiks.server import serving
from edge.settings import DevelopmentSettings
from proxy.errors import SourceError
from proxy.sources import legacy, science
from standin.app import StandIn
from standin.calendar import latest_published
from standin.faults import Fault
from tests.astropiks.doctor.nasas_latest import be_late_but_for_a_picture
from tests.conftest import NASA_KEY, make_settings
from tests.processes import free_port

OUTCOMES = {
    Fault.PLACEHOLDER: "invalid",
    Fault.SERVER_ERROR: "invalid",
    Fault.BAD_GATEWAY: "failed",
    Fault.UNAVAILABLE: "unavailable",
    Fault.GATEWAY_TIMEOUT: "timeout",
    Fault.OVER_LIMIT: "over_quota",
    Fault.GONE: "invalid",
    Fault.REDIRECT: "invalid",
    Fault.HTML: "invalid",
    Fault.EMPTY: "invalid",
    Fault.TRUNCATED: "invalid",
    Fault.DROP: "failed",
    Fault.FLOOD: "invalid",
    Fault.DRIP: "timeout",
    Fault.HANG: "timeout",
}

UNDATED = ("date_header", False)

ALL_OF_NASA = ("legacy", "science")

MODULES = {"legacy": legacy, "science": science}


@pytest.fixture
def nasa() -> Iterator[tuple[StandIn, str]]:
    """Be NASA on a real socket, now."""
    app = StandIn(keys={NASA_KEY})
    with serving(app) as url:
        yield app, url


async def ask(url: str, **changes: object) -> dict[str, Finding]:
    """Give what is found, by subject; the key is not in it."""
    urls = dict.fromkeys(("nasa_api_base_url", "nasa_science_base_url", "nasa_image_base_url"), url)
    found = await live(make_settings(**{**urls, **changes}))
    assert NASA_KEY not in repr(found)
    return {finding.subject: finding for finding in found}


async def test_well(nasa: tuple[StandIn, str]) -> None:
    """Each source is asked once, and told by speed, picture and quota; clocks agree."""
    app, url = nasa
    told = await ask(url)
    assert {finding.level for finding in told.values()} == {Level.OK}
    day = latest_published(app.clock())
    assert f"with the picture of {day}; 999 of 1,000 calls are left" in told["legacy"].sentence
    assert told["science"].sentence.endswith(f"with the picture of {day}.")
    assert told["clock"].sentence == "It agrees with NASA's."
    assert len(app.requests) == 2


@pytest.mark.parametrize("fault", Fault)
async def test_fault(
    nasa: tuple[StandIn, str], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Each failure is told by its outcome, with what to do, after one call and in a short time.

    It is a warning where the other source answers, and else a failure.
    """
    app, url = nasa
    never_ends = OUTCOMES[fault] == "timeout"
    for failing in (("legacy",), ("science",), ALL_OF_NASA):
        app.requests.clear()
        app.conditions.faults = dict.fromkeys(failing, fault)
        with monkeypatch.context() as patch:
            for name in failing if never_ends else ():
                patch.setattr(MODULES[name], "RECORD_SECONDS", 0.3)
            told = await ask(url)
        assert len(app.requests) == 2
        for name in failing:
            assert told[name].sentence.startswith(f"{OUTCOMES[fault]} after ")
            assert told[name].advice == ADVICE[OUTCOMES[fault]]
            borne = Level.WARNING if len(failing) == 1 else Level.FAILED
            assert told[name].level is borne
        for name in set(ALL_OF_NASA) - set(failing):
            assert told[name].level is Level.OK


async def test_key_refused(nasa: tuple[StandIn, str]) -> None:
    """A key that NASA refuses is a failure even where the other source answers."""
    app, url = nasa
    app.keys = frozenset()
    told = await ask(url)
    assert told["legacy"].level is Level.FAILED
    assert told["legacy"].sentence.startswith("key_refused after")
    assert told["science"].level is Level.OK


async def test_quota(nasa: tuple[StandIn, str]) -> None:
    """A quota that is used up says when there will be calls again; a small rest is warned of."""
    app, url = nasa
    app.conditions.faults = {"legacy": Fault.OVER_LIMIT}
    told = await ask(url)
    assert told["legacy"].sentence.endswith("it will answer in 48 minutes at the earliest.")
    with serving(StandIn(keys={NASA_KEY}, hourly_limit=20)) as small:
        for _ in range(19):
            told = await ask(small, apod_sources="legacy")
    assert told["legacy"].level is Level.WARNING
    assert "; 1 of 20 calls are left this hour" in told["legacy"].sentence


async def test_unreachable() -> None:
    """Where nothing listens, it is the way there that is to be looked at."""
    told = await ask(f"http://127.0.0.1:{free_port()}")
    assert told["legacy"].sentence.startswith("unreachable after 0.")
    assert "firewall" in told["legacy"].advice


async def test_behind(nasa: tuple[StandIn, str]) -> None:
    """A source whose latest picture is an old one may have been archived."""
    app, url = nasa
    app.conditions.missing_days = {latest_published(app.clock())}
    told = await ask(url, apod_sources="legacy")
    assert told["legacy"].level is Level.WARNING
    assert told["legacy"].sentence.endswith("should be out.")


def test_advice() -> None:
    """Every outcome has its advice, and no other has."""
    leaves = {kind.outcome for kind in SourceError.__subclasses__()}
    assert set(ADVICE) == leaves


async def test_not_asked() -> None:
    """Without the proxy, or with development's stand-in, nobody is asked."""
    (told,) = (await ask("http://127.0.0.1:9", services="secrets")).values()
    assert "SERVICES" in told.sentence
    development = DevelopmentSettings.model_validate({"APPROOV_BASE64_SECRET": "c2VjcmV0" * 8})
    (stand_in,) = await live(development)
    assert (stand_in.level, "stand-in" in stand_in.sentence) == (Level.OK, True)


@pytest.mark.parametrize(
    ("condition", "level", "words"),
    [
        ({}, Level.OK, "answered in"),
        ({"faults": {"pictures": Fault.SERVER_ERROR}}, Level.FAILED, "does not give"),
        ({"faults": dict.fromkeys(ALL_OF_NASA, Fault.HTML)}, Level.WARNING, "Not tried"),
    ],
)
async def test_pictures(
    nasa: tuple[StandIn, str], condition: dict[str, object], level: Level, words: str
) -> None:
    """With IMAGE_PROXY the host of the latest picture is asked for its head."""
    app, url = nasa
    for name, value in condition.items():
        setattr(app.conditions, name, value)
    be_late_but_for_a_picture(app)
    told = await ask(url, image_proxy="on", public_base_url="https://x.test")
    assert (told["pictures"].level, words in told["pictures"].sentence) == (level, True)


async def test_other_host(nasa: tuple[StandIn, str]) -> None:
    """A picture at a host that is not passed on is told."""
    app, url = nasa
    be_late_but_for_a_picture(app)
    told = await ask(
        url, image_proxy="on", public_base_url="https://x.test", image_hosts="x.example.com"
    )
    assert told["pictures"].level is Level.WARNING
    assert "apps get NASA's own link" in told["pictures"].sentence


class Dated:
    """NASA by another clock."""

    def __init__(self, app: ASGIApp, offset: timedelta) -> None:
        self._app = app
        self._offset = offset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a Date of one's own."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(datetime.now(UTC) - self._offset, usegmt=True)
                message["headers"] = [*message["headers"], (b"date", date.encode())]
            await send(message)

        await self._app(scope, receive, dated if scope["type"] == "http" else send)


@pytest.mark.parametrize(
    ("seconds", "signing", "level", "words"),
    [
        (20, "off", Level.WARNING, "seconds ahead of NASA's: good tokens are refused"),
        (-20, "off", Level.WARNING, "seconds behind NASA's: expired tokens pass"),
        (900, "off", Level.FAILED, "seconds ahead"),
        (20, "required", Level.WARNING, "message signatures are refused"),
    ],
)
async def test_skew(
    nasa: tuple[StandIn, str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    signing: str,
    level: Level,
    words: str,
) -> None:
    """A clock that is not NASA's is told by how much, and what that does to tokens."""
    monkeypatch.setitem(server.OPTIONS, *UNDATED)
    with serving(Dated(nasa[0], timedelta(seconds=seconds))) as url:
        told = await ask(url, approov_message_signing=signing, public_base_url="https://x.test")
    assert (told["clock"].level, words in told["clock"].sentence) == (level, True)


@pytest.mark.parametrize(
    ("date", "asked", "answered", "skew"),
    [
        ("Mon, 23 Nov 2026 12:00:00 GMT", 0.2, 0.9, 0),  # the second is not over
        ("Mon, 23 Nov 2026 12:00:00 GMT", -3, 4, 0),  # at some time between
        ("Mon, 23 Nov 2026 12:00:00 GMT", 11, 12, 10),
        ("Mon, 23 Nov 2026 12:00:00 GMT", -12, -10, -10),
        ("nonsense", 0, 0, None),
        ("", 0, 0, None),
    ],
)
def test_skew_of(date: str, asked: float, answered: float, skew: float | None) -> None:
    """What the header's whole seconds and the way there can explain is no skew."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
    assert clocks.skew(date, noon + asked, noon + answered) == skew


async def test_no_date(nasa: tuple[StandIn, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Date nothing is said of clocks."""
    monkeypatch.setitem(server.OPTIONS, *UNDATED)
    with serving(nasa[0]) as url:
        assert "clock" not in await ask(url)


async def test_at_once(nasa: tuple[StandIn, str]) -> None:
    """Sources are asked at the same time."""
    app, url = nasa
    app.conditions.latency_seconds = latency = 1.0
    began = time.perf_counter()
    async with asyncio.timeout(5):
        await ask(url)
    assert time.perf_counter() - began < 2 * latency
