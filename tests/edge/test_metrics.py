"""What is counted, seen where Prometheus sees it."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from astropiks.version import version
from edge import metrics
from edge.settings import Settings
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import Fault
from tests.conftest import EVERYTHING, asking, make_settings

Counts = dict[str, float]

APOD = "/planetary/apod"
TOKEN = {"Authorization": "Bearer scrapers-token"}


@asynccontextmanager
async def counted(
    nasa: StandIn, clock: SettableClock, family: str, settings: Settings
) -> AsyncIterator[tuple[httpx.AsyncClient, Counts]]:
    """Give a client, and what *family* has grown by once the block has ended."""
    grown: Counts = {}
    async with asking(nasa, clock, settings) as client:
        before = _values((await client.get("/metrics", headers=TOKEN)).text, family)
        yield client, grown
        after = _values((await client.get("/metrics", headers=TOKEN)).text, family)
    changed = {key: after[key] - before.get(key, 0) for key in after}
    grown |= {key: value for key, value in changed.items() if value}


def _values(shown: str, name: str) -> Counts:
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", shown, re.MULTILINE)
    return {": ".join(labels): float(value) for *labels, value in found}


def settings(**changes: object) -> Settings:
    """Give a configuration that shows its metrics."""
    return make_settings(metrics_token="scrapers-token", **changes)


async def test_decisions(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Decisions are counted by result and reason."""
    monitoring = settings(approov_enforcement="monitor")
    family = "astropiks_attestations_total"
    async with counted(nasa, clock, family, monitoring) as (client, grown):
        await client.get(APOD)
        await client.get("/secrets")
        await client.get("/secrets", headers={"Approov-Token": token})
    assert grown == {
        'reason="token_missing",result="monitored"': 1,
        'reason="token_missing",result="refused"': 1,
        'reason="",result="accepted"': 1,
    }


async def test_requests(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Requests are counted by the template of their route and by status, whatever their path."""
    genuine = {"Approov-Token": token}
    family = "astropiks_requests_total"
    async with counted(nasa, clock, family, settings()) as (client, grown):
        await client.get(APOD, headers=genuine)
        await client.get(f"{APOD}?date=x", headers=genuine)
        await client.get("/secrets/of-mine", headers=genuine)
        await client.get("/another/path")
    del grown['route="/metrics",status="200"']
    assert grown == {
        'route="/planetary/apod",status="200"': 1,
        'route="/planetary/apod",status="400"': 1,
        'route="/secrets/{name}",status="404"': 1,
        'route="other",status="401"': 1,
    }


async def test_durations(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Each request's duration is in the histogram of its route, in seconds."""
    family = "astropiks_request_seconds_(count|sum)"
    began = time.perf_counter()
    async with counted(nasa, clock, family, settings()) as (client, grown):
        await client.get(APOD, headers={"Approov-Token": token})
        took = time.perf_counter() - began
    assert grown['count: route="/planetary/apod"'] == 1
    assert 0 < grown['sum: route="/planetary/apod"'] <= took


async def test_cache_results(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Answers are counted by how they were come by, records apart from other APIs."""
    family = "astropiks_cache_results_total"
    everything = settings(**EVERYTHING)
    async with counted(nasa, clock, family, everything) as (client, grown):
        client.headers["Approov-Token"] = token
        for _ in range(3):
            await client.get(f"{APOD}?date=2021-10-12")
        await client.get("/DONKI/CME?startDate=2026-11-20")
    assert grown == {
        'kind="apod",result="miss"': 1,
        'kind="apod",result="hit"': 2,
        'kind="other",result="miss"': 1,
    }


async def test_calls_of_nasa(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """NASA's calls are counted by source and outcome, and timed by source."""
    nasa.faults["legacy"] = Fault("503")
    family = "astropiks_nasa_call(?:s_total|_seconds_count)"
    async with counted(nasa, clock, family, settings()) as (client, grown):
        await client.get(APOD, headers={"Approov-Token": token})
    failed = grown.pop('outcome="unavailable",source="legacy"')
    assert failed >= 1
    assert grown == {
        'outcome="answered",source="science"': 1,
        'source="legacy"': failed,
        'source="science"': 1,
    }


async def test_breaker(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """A source that is set aside shows as 1, and as 0 once it is back."""
    family = "astropiks_breaker_open"
    client_headers = {"Approov-Token": token}
    async with asking(nasa, clock, settings()) as client:
        seen = []
        for fault, day in ((None, "2021-10-12"), ("503", "2021-10-13"), (None, "2021-10-14")):
            nasa.faults.clear()
            nasa.faults.update({"legacy": Fault(fault)} if fault else {})
            await client.get(f"{APOD}?date={day}", headers=client_headers)
            clock.now += 120
            shown = (await client.get("/metrics", headers=TOKEN)).text
            seen.append(_values(shown, family)['source="legacy"'])
    assert seen == [0, 1, 0]


async def test_secrets(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Deliveries are counted by a secret's name, but a name that is none is not repeated."""
    family = "astropiks_secrets_total"
    has_one = settings(runtime_secrets={"maps-key": "value"})
    async with counted(nasa, clock, family, has_one) as (client, grown):
        client.headers["Approov-Token"] = token
        await client.get("/secrets/maps-key")
        await client.get("/secrets/guessed")
    assert grown == {
        'name="maps-key",result="plain"': 1,
        'name="other",result="refused"': 1,
    }


async def test_version(nasa: StandIn, clock: SettableClock) -> None:
    """Which version runs can be seen."""
    async with asking(nasa, clock, settings()) as client:
        shown = (await client.get("/metrics", headers=TOKEN)).text
    (labels,) = _values(shown, "astropiks_build_info")
    assert f'version="{version()}"' in labels


@pytest.mark.parametrize("wrong", ["", "Bearer x", "scrapers-token", "Bearer scrapers-tokem"])
async def test_token(nasa: StandIn, clock: SettableClock, wrong: str) -> None:
    """Nobody sees anything without METRICS_TOKEN."""
    async with asking(nasa, clock, settings()) as client:
        assert (await client.get("/metrics", headers={"Authorization": wrong})).status_code == 401


async def test_no_token(client: httpx.AsyncClient) -> None:
    """Where METRICS_TOKEN is not set there is nothing to be had, also for attested apps."""
    assert (await client.get("/metrics")).status_code == 404


async def test_samples(nasa: StandIn, clock: SettableClock) -> None:
    """What this process has counted can be had as values."""
    async with asking(nasa, clock) as client:
        await client.get(APOD)
    named = {
        sample.labels["status"]: sample.value
        for sample in metrics.samples()
        if sample.name == "astropiks_requests_total" and sample.labels["route"] == APOD
    }
    assert named["401"] >= 1
