"""Real processes, in production form and at debug: no mark comes out of any, by whatever way."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import boto3  # type: ignore[import-untyped]
import httpx
import pytest

from astropiks.mint import Invalid
from astropiks.server import serving
from secrets_service.sealing import unseal
from standin.app import StandIn
from tests import moto_server
from tests.console.served import astropiks_dev, visitor
from tests.edge.test_tracing import Collector, collecting
from tests.processes import ASTROPIKS, environment, free_port, run, running, wait_for
from tests.proof import marked
from tests.proof.canary import Canary
from tests.proof.looked import Looked
from tests.proof.marked import App, answered
from tests.proof.marked_service import protect
from tests.proof.record import IS_WHOLE
from tests.redis_server import RedisServer

AWS_KEY = "aws-access-key/canary+1b1b"
IN_PATH = "path-of-a-client-canary-20f7"
"""In a path or a date it comes back to the client, as NASA has it; for the log it is a mark."""

FORMS = {
    "json, signed, traced": {
        "LOG_FORMAT": "json",
        "APPROOV_MESSAGE_SIGNING": "required",
        "WEB_CONCURRENCY": "2",
    },
    "console, fast, key in the query": {
        "LOG_FORMAT": "console",
        "NASA_API_KEY_IN": "query",
        "REDIS_URL": "",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    },
}

TARGETS = (
    "/planetary/apod?date=2021-10-12",
    f"/planetary/apod?date=2021-10-12&api_key={marked.CLIENT_KEY}",
    "/v2/api.nasa.gov/planetary/apod?start_date=2021-10-01&end_date=2021-10-05",
    "/planetary/apod?count=3",
    "/planetary/apod",
    f"/planetary/apod?date={IN_PATH}",
    "/v2/apod.nasa.gov/apod/image/2110/FireballAlberta_Qin_1080.jpg",
    "/v2/apod.nasa.gov/apod/image/2110/none.jpg",
    f"/neo/rest/v1/feed?api_key={marked.CLIENT_KEY}",
    "/DONKI/notifications",
    "/neo/unknown",
    "/secrets",
    f"/secrets/{IN_PATH}",
    f"/{IN_PATH}",
    "/attest",
)

DELIVERED = {
    "in-variable": marked.IN_VARIABLE,
    "in-file": marked.IN_FILE,
    "in-aws": marked.IN_AWS,
}

PUBLIC = ("/livez", "/readyz", "/docs", "/openapi.json", "/metrics")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a service of marks needs.

    Attributes:
        folder: where it runs, and nobody but it writes.
        given: what it reads.
        variables: its environment.
        redis: what it shares.
        collector: gets its traces.
    """

    folder: Path
    given: Path
    variables: dict[str, str]
    redis: RedisServer
    collector: Collector


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Be AWS, with a secret in it, and give the variables by which it is found."""
    with moto_server.amazon(tmp_path_factory.mktemp("aws")) as url:
        found = {**moto_server.variables(url), "AWS_SECRET_ACCESS_KEY": AWS_KEY}
        vault = boto3.client(
            "secretsmanager",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key=AWS_KEY,
        )
        vault.create_secret(Name="canary", SecretString=marked.IN_AWS)
        vault.close()
        yield found


@pytest.fixture
def world(tmp_path: Path, redis: RedisServer, aws: dict[str, str]) -> Iterator[World]:
    """Put it together."""
    folder, given = tmp_path / "service", tmp_path / "given"
    for one in (folder / "tmp", given):
        one.mkdir(parents=True)
    protect(redis)
    with serving(StandIn(keys={marked.KEY})) as nasa_url, collecting() as collector:
        variables = marked.variables(nasa_url, given)
        with (given / "secrets.toml").open("a") as catalog:
            catalog.write('[secrets.in-aws]\nsource = "aws-secrets-manager:canary"\n')
        variables |= aws
        variables |= {
            "REDIS_URL": marked.redis_url(redis.url),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={quote(marked.COLLECTOR_TOKEN)}",
            "TMPDIR": str(folder / "tmp"),
        }
        yield World(folder, given, variables, redis, collector)


def files(folder: Path) -> bytes:
    """Give all that has been written there."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def wait_until_said(output: Path, text: bytes) -> None:
    """Wait until it stands there."""
    end = time.monotonic() + 20
    while text not in output.read_bytes():
        assert time.monotonic() < end, f"{text!r} did not come"
        time.sleep(0.02)


@contextmanager
def service(world: World, variables: dict[str, str]) -> Iterator[tuple[str, Path, int]]:
    """Run `astropiks serve`, and give its address, the file of its output, and its process."""
    port, output = free_port(), world.folder / "output"
    env = environment(**{**world.variables, **variables, "PORT": str(port)})
    with running([*ASTROPIKS, "serve"], env, world.folder, output) as process:
        wait_for(port, process, output)
        yield f"http://127.0.0.1:{port}", output, process.pid


def ask_everything(base: str, app: App) -> list[httpx.Response]:
    """Ask all sorts of things in all sorts of ways."""
    came = []
    with httpx.Client(base_url=base, timeout=30) as client:
        for target in TARGETS:
            came.append(client.get(target, headers=app.headers(target)))
            came.append(client.get(target, headers=app.headers(target)))
        for invalid in Invalid:
            target = f"{TARGETS[0]}&invalid={invalid}"
            came.append(client.get(target, headers=app.headers(target, invalid=invalid)))
        good = app.headers(TARGETS[0])
        came.append(client.get(TARGETS[0], headers={**good, "Authorization": "Bearer another"}))
        came.append(client.get(TARGETS[0], headers=[*good.items(), *good.items()]))
        came.append(client.post(TARGETS[0], headers=good, content=good["Approov-Token"]))
        came.append(client.get(f"/planetary/apod?token={good['Approov-Token']}", headers=good))
        came.append(client.get("/", headers={"Approov-Token": marked.KEY}))
        came += [client.get(path, headers=good) for path in PUBLIC]
        metrics = {"Authorization": f"Bearer {marked.METRICS_TOKEN}"}
        came.append(client.get("/metrics", headers=metrics))
    return came


def check_deliveries(base: str, app: App) -> bytes:
    """See to it that each secret is delivered; give all of these answers that is not the value."""
    beside = b""
    for name, value in DELIVERED.items():
        target = f"/secrets/{name}"
        plain = httpx.get(base + target, headers=app.headers(target), timeout=30)
        assert plain.json().pop("value") == value
        told = plain.json()
        del told["value"]
        beside += repr((plain.headers.raw, told)).encode()
    target = "/secrets/sealed"
    sealed = httpx.get(base + target, headers=app.headers(target, is_sealed=True), timeout=30)
    assert marked.IN_FILE.encode() in unseal(sealed.text, app.pem)
    return beside + answered(sealed)


@pytest.mark.parametrize("form", list(FORMS) if IS_WHOLE else list(FORMS)[:1])
def test_serve(world: World, form: str, looked: Looked) -> None:
    """A service that is asked everything gives nothing away: answers, log, Redis, files, traces."""
    app = App(signs="signed" in form)
    app.marks["AWS's key"] = AWS_KEY.encode()
    settings = FORMS[form]
    with service(world, settings) as (base, output, process):
        answers = ask_everything(base, app)
        beside = check_deliveries(base, app)
        written = files(world.folder)  # some of it is gone once the process has ended
        catalog = world.given / "secrets.toml"
        catalog.write_text(f'[secrets.x]\nsource = "{marked.IN_FILE}"\n')
        if "2" not in settings.get("WEB_CONCURRENCY", ""):
            os.kill(process, signal.SIGHUP)
        wait_until_said(output, b"secrets_file_kept")
        stored = world.redis.contents()
        world.redis.stop()
        answers += ask_everything(base, app)
    statuses = {one.status_code for one in answers}
    assert statuses >= {200, 204, 400, 401, 404}
    canary = app.canary()
    said = b"".join(map(answered, answers)) + beside
    spans = b"".join(world.collector.bodies)
    assert looked.find("answers, of metrics too", said, canary) == []
    assert looked.find("Redis", stored, canary) == []
    assert looked.find("traces", spans, canary) == []
    assert looked.find("files", written + files(world.folder), canary) == []
    log = Canary({**app.marks, "path of a client": IN_PATH.encode()})
    assert looked.find("log and stderr", output.read_bytes(), log) == []
    assert b"nasa_call" in output.read_bytes()
    assert b"secret_delivered" in output.read_bytes()
    if "traced" in form:
        assert b"astropiks:audit" in stored
        assert b"/planetary/apod" in spans


COMMANDS: dict[str, tuple[Sequence[str], int]] = {
    "doctor, live": (["doctor", "--live"], 0),
    "doctor, as JSON": (["doctor", "--json"], 0),
    "warm": (["warm", "--days", "2"], 0),
    "explain, a good token": (["token", "explain", "GOOD"], 0),
    "explain, a bad token": (["token", "explain", "BAD"], 1),
    "explain, a header": (["token", "explain", "Approov-Token: GOOD"], 1),
    "secrets list": (["secrets", "list"], 0),
    "secrets check": (["secrets", "check"], 0),
    "secrets open": (["secrets", "open", "BAD"], 1),
    "requests postman": (["requests", "postman"], 0),
    "requests http": (["requests", "http"], 0),
    "explain, two words": (["token", "explain", "Approov-Token:", "GOOD"], 1),
}
"""What a person types, and how it ends."""

QUICK = ("doctor, live", "explain, a bad token")


@pytest.mark.parametrize("name", COMMANDS if IS_WHOLE else QUICK)
def test_commands(world: World, name: str, looked: Looked) -> None:
    """No command prints a secret, nor a token that it was given."""
    app = App()
    tokens = {
        "GOOD": app.headers("/")["Approov-Token"],
        "BAD": app.headers("/", invalid=Invalid.EXPIRED)["Approov-Token"],
    }
    words, status = COMMANDS[name]
    for word, token in tokens.items():
        words = [one.replace(word, token) for one in words]
    env = environment(**world.variables, HOME=str(world.folder))
    ended = run([*ASTROPIKS, *words], env, world.folder)
    said = (ended.stdout + ended.stderr).encode()
    assert (ended.returncode, bool(said)) == (status, True), said
    canary = Canary({**app.marks, "AWS's key": AWS_KEY.encode()})
    assert looked.find("output of commands", said, canary) == []
    assert looked.find("files", files(world.folder), canary) == []


def test_dev(world: World, looked: Looked) -> None:
    """What development shows and answers has tokens that it makes, and no secret beside."""
    app, output = App(), world.folder / "output"
    variables = {**world.variables, "HOME": str(world.folder)}
    came = []
    with astropiks_dev(world.folder, **variables) as url, visitor(url) as client:
        sent = {"target": "/secrets", "headers": app.headers("/", invalid=Invalid.SIGNATURE)}
        came.append(client.post("/console/verdict", json=sent))
        asked = {"who": "genuine", "target": "/secrets"}
        came.append(client.post("/console/headers", json=asked))
        came.append(client.post("/console/headers", json=sent))
        paths = ("/", "/console/counters", "/docs", "/openapi.json", "/secrets")
        came += [client.get(path) for path in paths]
    statuses = [one.status_code for one in came]
    assert statuses == [200, 200, 400, 200, 200, 200, 200, 401]
    canary = Canary({**app.marks, "AWS's key": AWS_KEY.encode()})
    said = b"".join(map(answered, came))
    assert looked.find("answers, of metrics too", said, canary) == []
    assert looked.find("output of commands", output.read_bytes(), canary) == []
