"""Exceptions forced at every layer: whatever they quote, nothing of it comes out."""

import gc
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from edge import logs
from tests.processes import environment, free_port, run
from tests.proof import marked
from tests.proof.canary import Canary
from tests.proof.layers import ALONE, CUT, EITHER, KINDS, LAYERS, SHARED, DefectError, Forced, Layer
from tests.proof.looked import Looked
from tests.proof.marked import App, answered
from tests.proof.marked_service import Service, served
from tests.proof.record import IS_WHOLE, scaled
from tests.redis_server import RedisServer

TRIED = KINDS[: scaled(2, len(KINDS))]

REACHED = [
    pytest.param(layer, where, id=f"{layer.place}-{where}")
    for where in (ALONE, SHARED)
    for layer in LAYERS
    if layer.where == where or (layer.where == EITHER and (where == ALONE or IS_WHOLE))
]

LAST = "/docs"
"""What is asked at last: what came before is in the log by then."""

BREAKING = (sys.executable, "-m", "tests.proof.breaking")

COMMANDS = {
    "edge.environment:load": ["serve"],
    "edge.settings:variables": ["serve"],
    "secrets_service.assembly:build_catalog": ["serve"],
    "edge.exposition:counting": ["serve"],
    "astropiks.server:listen": ["serve"],
    "astropiks.apps:create_app": ["serve"],
    "proxy.app:open_holdings": ["serve"],
    "astropiks.warm:run": ["warm", "--days", "1"],
    "proxy.app:open_board": ["warm", "--days", "1"],
    "proxy.holdings:Holdings.warm": ["warm", "--days", "1"],
    "astropiks.doctor.examination:examine": ["doctor"],
    "astropiks.doctor.live:_ask": ["doctor", "--live"],
    "astropiks.dev:banner": ["dev"],
    "astropiks.mint:sign_segments": ["token", "mint"],
    "astropiks.explain:explain": ["token", "explain", "x.y.z"],
    "secrets_service.sources:FileSource.read": ["secrets", "check"],
    "secrets_service.sealing:unseal": ["secrets", "open", "x"],
    "astropiks.openapi.postman:collection": ["requests", "postman"],
}
"""By the place of an exception, what a person types that gets there."""

AT_START = ("astropiks.apps:create_app", "proxy.app:open_holdings")
"""Where `serve` ends with 3, as its help says."""

QUICK = (
    "edge.environment:load",
    "astropiks.apps:create_app",
    "proxy.app:open_holdings",
    "astropiks.explain:explain",
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    """Serve twice: by itself, and with a Redis and signed requests."""
    folders = [tmp_path_factory.mktemp(name) for name in (ALONE, SHARED)]
    with (
        RedisServer(folders[1]) as redis,
        served(folders[0]) as alone,
        served(folders[1], redis) as shared,
    ):
        yield {ALONE: alone, SHARED: shared}


@pytest.fixture
def _logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)
    yield
    structlog.reset_defaults()


PLACE = r"tests/proof/layers\.py:\d+"


def told(kind: type[Exception]) -> re.Pattern[str]:
    """Find the line that tells of a defect, with type and place."""
    return re.compile(rf'"at":\[[^]]*"{PLACE}"\],.*"exception":"{kind.__name__}"')


def expected(layer: Layer, kind: type[Exception]) -> set[int]:
    """Give the statuses that may come of a *kind* of exception: 504 only of what is too late."""
    statuses = {*layer.statuses}
    if kind is not TimeoutError:
        return statuses - {504}
    return statuses - {500} if statuses & {503, 504} else statuses


def check(answer: httpx.Response | None, layer: Layer, kind: type[Exception]) -> None:
    """See to it that an answer is one, and in the envelope if it is an error."""
    status = answer.status_code if answer else CUT
    assert status in expected(layer, kind)
    if kind is DefectError and 500 in layer.statuses:
        assert status == 500
    if answer is None or status < 400 or not layer.has_envelope:
        return
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert answer.headers["X-Request-ID"]
    if status == 500:
        assert body["error"]["code"] == "INTERNAL_SERVER_ERROR"


@pytest.mark.usefixtures("_logged")
@pytest.mark.parametrize(("layer", "where"), REACHED)
def test_layer(
    services: dict[str, Service],
    layer: Layer,
    where: str,
    capfd: pytest.CaptureFixture[str],
    looked: Looked,
) -> None:
    """A layer breaks: the envelope, a line with type and place, and no mark in either."""
    service = services[where]
    service.app = App(signs=service.signs)
    came: list[httpx.Response | None] = []
    defects = []
    for kind in TRIED:
        forced = Forced(kind)
        target = service.target(layer.target)
        service.wait_for_redis()
        with pytest.MonkeyPatch.context() as patch:
            forced.into(layer.place, patch.setattr)
            logs.configure("json", "debug")
            came.append(service.ask(target, has_token=layer.has_token))
            for _ in range(100):  # some of it is done when the answer has gone out
                if forced.count:
                    break
                service.metrics()
        assert forced.count
        check(came[-1], layer, kind)
        if came[-1] and came[-1].status_code == 500:
            defects.append(kind)
    gc.collect()
    came.append(service.metrics())
    said = ""
    for _ in range(500):
        came.append(service.ask(LAST))
        heard = capfd.readouterr()
        said += heard.out + heard.err
        if f'"route":"{LAST}"' in said:
            break
    assert f'"route":"{LAST}"' in said
    canary, answers = service.app.canary(), b"".join(answered(one) for one in came if one)
    assert looked.find("log and stderr", said.encode(), canary) == []
    assert looked.find("answers", answers, canary) == []
    assert "Traceback" not in said
    assert [kind for kind in defects if not told(kind).search(said)] == []


@pytest.mark.parametrize("place", COMMANDS if IS_WHOLE else QUICK)
def test_command(tmp_path: Path, place: str, looked: Looked) -> None:
    """A command breaks: it ends with a failure, a type and a place, and no mark."""
    given = tmp_path / "given"
    given.mkdir()
    port = str(free_port())
    env = environment(**marked.variables("http://127.0.0.1:9", given), PORT=port)
    ended = run([*BREAKING, place, *COMMANDS[place]], env, tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == (3 if place in AT_START else 1)
    assert re.search(rf"DefectError at .*{PLACE}", said) or told(DefectError).search(said)
    assert "Traceback" not in said
    assert looked.find("output of commands", said.encode(), Canary(marked.HELD)) == []


@pytest.mark.skipif(not IS_WHOLE, reason="LONG: `make proof` waits until uvicorn gives workers up")
def test_workers(tmp_path: Path, looked: Looked) -> None:
    """The same holds where workers break at their start, each in a process of its own."""
    several = {"WEB_CONCURRENCY": "2", "RUNTIME_SECRETS_FILE": "", "PORT": str(free_port())}
    env = environment(**{**marked.variables("http://127.0.0.1:9", tmp_path), **several})
    ended = run([*BREAKING, "astropiks.apps:create_app", "serve"], env, tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 3
    assert "failed to start, stopping the parent process" in said
    assert told(DefectError).search(said)
    assert "Traceback" not in said
    assert looked.find("output of commands", said.encode(), Canary(marked.HELD)) == []
