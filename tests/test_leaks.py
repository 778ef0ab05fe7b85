"""Marked secrets go in, whatever NASA's mood: no mark comes out in any spelling.

More of this is in `tests/proof`: every command, every layer that breaks, and the whole suite.
"""

import base64
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from astropiks.mint import Invalid, mint
from astropiks.server import serving
from standin.app import StandIn
from tests.processes import ASTROPIKS, environment, free_port, running, wait_for
from tests.proof.canary import Canary
from tests.redis_server import RedisServer

KEY = "nasa/key+canary=4f1c"
SECRET = b"attestation-secret-canary-".ljust(64, b"~")
VALUE = "runtime-secret-canary=9b2e"
PASSWORD = "redis-password-canary-77aa"
URL = "/planetary/apod?date=2021-10-12"


def always(answer: Response) -> ASGIApp:
    """Make an application that answers everything with *answer*."""
    return Starlette(routes=[Mount("/", app=answer)])


NASA: dict[str, ASGIApp | None] = {
    "well": StandIn(keys={KEY}),
    "another key": StandIn(keys=()),
    "redirecting": always(RedirectResponse(f"http://127.0.0.1:9/?api_key={quote(KEY)}")),
    "echoing": always(HTMLResponse(f"<html>{KEY}</html>")),
    "quoting": always(PlainTextResponse(KEY, 503)),
    "down": None,
}


def ask_everything(base: str, tokens: list[str]) -> bytes:
    """Ask in all sorts of ways, and give all that was answered."""
    queries = [
        URL,
        URL,
        "/planetary/apod",
        f"{URL}&x=1",
        "/planetary/apod?count=3",
        "/x",
        "/secrets",
        "/secrets/unknown",
        "/neo/rest/v1/feed",
        "/DONKI/notifications",
        "/v2/api.nasa.gov/neo/rest/v1/feed?api_key=x",
        "/v2/apod.nasa.gov/apod/image/2110/a.jpg",
    ]
    answered = b""
    with httpx.Client(base_url=base, timeout=20) as client:
        for token in tokens:
            for query in queries:
                answer = client.get(query, headers={"Approov-Token": token})
                answered += repr(answer.headers.raw).encode() + answer.content
    return answered


@pytest.mark.parametrize("key_in", ["header", "query"])
@pytest.mark.parametrize("upstream", NASA)
def test_canary(tmp_path: Path, redis: RedisServer, upstream: str, key_in: str) -> None:
    """No key, secret or token comes out in log, answer, metric or Redis, even at debug."""
    redis.client.config_set("requirepass", PASSWORD)
    redis.client.auth(PASSWORD)
    now = StandIn(keys=()).clock()
    tokens = [mint(SECRET, now=now), *(mint(SECRET, now=now, invalid=kind) for kind in Invalid)]
    app = NASA[upstream]
    port, output = free_port(), tmp_path / "output"
    with serving(app or always(PlainTextResponse(""))) as nasa_url:
        env = environment(
            PORT=str(port),
            LOG_LEVEL="debug",
            NASA_API_KEY=KEY,
            NASA_API_KEY_IN=key_in,
            NASA_API_BASE_URL=nasa_url if app else "http://127.0.0.1:9",
            NASA_SCIENCE_BASE_URL=nasa_url if app else "http://127.0.0.1:9",
            NASA_IMAGE_BASE_URL=nasa_url if app else "http://127.0.0.1:9",
            NASA_PASSTHROUGH="/neo/,/DONKI/",
            IMAGE_PROXY="on",
            PUBLIC_BASE_URL="https://proxy.test",
            METRICS_TOKEN="metrics",
            REDIS_URL=redis.url.replace("://", f"://:{PASSWORD}@"),
            RUNTIME_SECRET_CANARY=VALUE,
            APPROOV_BASE64_SECRET=base64.b64encode(SECRET).decode(),
        )
        with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
            wait_for(port, process, output)
            base = f"http://127.0.0.1:{port}"
            answered = ask_everything(base, tokens)
            given = httpx.get(f"{base}/secrets/canary", headers={"Approov-Token": tokens[0]})
            counted = httpx.get(f"{base}/metrics", headers={"Authorization": "Bearer metrics"})
            stored = redis.contents()
            redis.stop()
            answered += ask_everything(base, tokens[:1])
    assert given.json()["value"] == VALUE
    assert b"astropiks_secrets_total" in counted.content
    everything = answered + counted.content + stored + output.read_bytes()
    assert b"astropiks:audit" in stored
    assert b'"redis_failed"' in everything
    assert b'"nasa_call"' in everything
    assert b"ATTESTATION_REQUIRED" in everything
    parts = {part for token in tokens for part in token.split(".")[1:]}
    private = [SECRET, *(text.encode() for text in (KEY, VALUE, PASSWORD, *parts))]
    canary = Canary({f"mark {number}": mark for number, mark in enumerate(private)})
    assert canary.find(everything) == []
