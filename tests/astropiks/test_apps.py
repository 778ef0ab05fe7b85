import re

import httpx
import pytest

import proxy.app
import secrets_service.app
from astropiks.mint import Invalid, mint
from edge import health
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import EVERYTHING, SECRET, asking, make_settings

FULL = make_settings(**EVERYTHING)

TEMPLATES = [route.path for route in (*proxy.app.routes(FULL), *secrets_service.app.routes())]
GUARDED = [re.sub(r"\{.*\}", "b.jpg", template) for template in TEMPLATES]

UNKNOWN = [
    "/", "/x", "/planetary", "/planetary/apod/", "/planetary/apod/x", "/PLANETARY/APOD",
    "//planetary/apod", "/v1/api.nasa.gov/planetary/apod", "/V2/api.nasa.gov/planetary/apod",
    "/v2/planetary/apod", "/v2/api.nasa.gov/", "/v2/api.nasa.gov/neo/rest/v1/feed",
    "/livez/", "/livez/x", "/metrics", "/docs/", "/openapi.json/", "/secrets/", "/secrets/x",
    "/attes", "/favicon.ico", "/robots.txt",
]  # fmt: skip
DISGUISED = ["/planetary%2Fapod", "/livez/../planetary/apod", "/livez/%2e%2e/secrets"]


def test_there_are_routes() -> None:
    """The table below is about something."""
    assert set(TEMPLATES) == {
        "/planetary/apod",
        "/v2/api.nasa.gov/planetary/apod",
        "/v2/apod.nasa.gov/{path:path}",
        "/v2/assets.science.nasa.gov/{path:path}",
        "/neo/{path:path}",
        "/DONKI/{path:path}",
        "/EPIC/{path:path}",
        "/v2/api.nasa.gov/neo/{path:path}",
        "/v2/api.nasa.gov/DONKI/{path:path}",
        "/v2/api.nasa.gov/EPIC/{path:path}",
        "/secrets",
        "/secrets/{name}",
    }


@pytest.mark.parametrize("path", [*GUARDED, *UNKNOWN, *DISGUISED])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
async def test_denied(nasa: StandIn, clock: SettableClock, path: str, method: str) -> None:
    """Every route denies without a good token, unknown paths too, and NASA is not asked."""
    tokens = [None, "", mint(SECRET, now=clock.now, invalid=Invalid.SIGNATURE)]
    async with asking(nasa, clock, FULL) as client:
        for token in tokens:
            headers = {} if token is None else {"Approov-Token": token}
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 401
    assert nasa.requests == []


@pytest.mark.parametrize("path", UNKNOWN)
async def test_unknown(client: httpx.AsyncClient, nasa: StandIn, path: str) -> None:
    """An attested app finds nothing at a path that is not served, and is not sent elsewhere."""
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"
    assert nasa.requests == []


@pytest.mark.parametrize("path", health.PATHS)
async def test_public(nasa: StandIn, clock: SettableClock, path: str) -> None:
    """The probes answer anybody, and tell nothing."""
    async with asking(nasa, clock) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("services", "apod", "secrets"), [("all", 200, 200), ("proxy", 200, 404), ("secrets", 404, 200)]
)
async def test_services(
    nasa: StandIn, clock: SettableClock, token: str, services: str, apod: int, secrets: int
) -> None:
    """One process serves both services, or each alone."""
    async with asking(nasa, clock, make_settings(services=services)) as client:
        client.headers["Approov-Token"] = token
        assert (await client.get("/planetary/apod")).status_code == apod
        assert (await client.get("/secrets")).status_code == secrets


async def test_secrets_need_no_nasa_key(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Secrets alone run without a key of NASA's."""
    settings = make_settings(services="secrets", nasa_api_key=None)
    async with asking(nasa, clock, settings) as client:
        answer = await client.get("/secrets", headers={"Approov-Token": token})
    assert answer.status_code == 200


async def test_configured_header(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """The token's header and prefix are those of the settings."""
    settings = make_settings(approov_header_name="Authorization", approov_header_prefix="Bearer")
    async with asking(nasa, clock, settings) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/secrets", headers=headers)).status_code == 200
        assert (await client.get("/secrets", headers={"Approov-Token": token})).status_code == 401


async def test_expiring_token(client: httpx.AsyncClient, clock: SettableClock) -> None:
    """A token is good until its time, also for what is in the cache."""
    assert (await client.get("/planetary/apod")).status_code == 200
    clock.advance(hours=1)
    assert (await client.get("/planetary/apod")).status_code == 401
