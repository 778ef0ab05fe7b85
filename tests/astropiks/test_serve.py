import base64
import contextlib
import json
import shlex
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from astropiks.mint import mint
from astropiks.server import serving
from standin.app import StandIn
from tests.attestation.test_keys import SAMPLES
from tests.conftest import NASA_KEY, SECRET
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run, running, wait_for

SECRET_TEXT = base64.b64encode(SECRET).decode()
URL = "/planetary/apod?date=2021-10-12"


@pytest.fixture
def nasa() -> Iterator[tuple[StandIn, str]]:
    """Be NASA on a real socket."""
    app = StandIn(keys={NASA_KEY})
    with serving(app) as url:
        yield app, url


def production(nasa_url: str, port: int, **more: str) -> dict[str, str]:
    """Give the config vars of a deployment."""
    return environment(
        PORT=str(port),
        NASA_API_KEY=NASA_KEY,
        NASA_API_BASE_URL=nasa_url,
        NASA_SCIENCE_BASE_URL=nasa_url,
        APOD_WARM_DAYS="0",
        APPROOV_BASE64_SECRET=SECRET_TEXT,
        **more,
    )


def token() -> str:
    """Be a genuine app's token, now."""
    return mint(SECRET, now=StandIn(keys=()).clock())


def test_procfile(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """The Procfile's command serves on $PORT with nothing but config vars, and stops on SIGTERM."""
    kind, _, command = (ROOT / "Procfile").read_text().strip().partition(": ")
    assert kind == "web"
    port, output = free_port(), tmp_path / "output"
    with running(shlex.split(command), production(nasa[1], port), tmp_path, output) as process:
        wait_for(port, process, output)
        base = f"http://127.0.0.1:{port}"
        answer = httpx.get(base + URL, headers={"Approov-Token": token()})
        assert (answer.status_code, answer.json()["date"]) == (200, "2021-10-12")
        assert httpx.get(base + URL).status_code == 401
        assert httpx.get(f"{base}/livez").text == "ok\n"
        assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    events = [json.loads(line)["event"] for line in output.read_text().splitlines()]
    assert events == ["started", "request", "nasa_call", *["request"] * 3, "stopping", "stopped"]


def test_workers(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """WEB_CONCURRENCY starts so many workers."""
    port, output = free_port(), tmp_path / "output"
    env = production(nasa[1], port, WEB_CONCURRENCY="2")
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        answer = httpx.get(
            f"http://127.0.0.1:{port}{URL}", headers={"Approov-Token": token()}, timeout=20
        )
        assert answer.status_code == 200
        for _ in range(200):  # the first to be ready answers
            if output.read_text().count('"started"') == 2:
                break
            time.sleep(0.1)
    assert output.read_text().count('"started"') == 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_version_6_alone(nasa: tuple[StandIn, str], tmp_path: Path, workers: str) -> None:
    """At every IPv6 address it is at no other, however many workers: others may have those."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("NO IPv6 HERE: HOST=:: is not tried")
    output = tmp_path / "output"
    with socket.create_server(("0.0.0.0", 0)) as another:  # noqa: S104
        port = another.getsockname()[1]
        env = production(nasa[1], port, HOST="::", WEB_CONCURRENCY=workers)
        with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
            wait_for(port, process, output, host="[::1]")


def test_many_connections(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """However few open files a shell grants, one client cannot use them up with connections."""
    port, output = free_port(), tmp_path / "output"
    command = ["sh", "-c", 'ulimit -Sn 64 && exec "$@"', "sh", *ASTROPIKS, "serve"]
    with (
        running(command, production(nasa[1], port), tmp_path, output) as process,
        contextlib.ExitStack() as idle,
    ):
        wait_for(port, process, output)
        for _ in range(200):
            idle.enter_context(socket.create_connection(("127.0.0.1", port)))
        answer = httpx.get(f"http://127.0.0.1:{port}{URL}", headers={"Approov-Token": token()})
    assert answer.status_code == 200


def test_nothing_set(tmp_path: Path) -> None:
    """Without configuration it does not start: it names what is missing, with status 2."""
    ended = run([*ASTROPIKS, "serve"], environment(), tmp_path)
    assert ended.returncode == 2
    assert "NASA_API_KEY is missing" in ended.stderr
    assert "APPROOV_BASE64_SECRET is missing" in ended.stderr


def test_all_named(tmp_path: Path) -> None:
    """Everything that is bad is named at once, and no value is printed."""
    env = environment(
        PORT="marker",
        NASA_API_KEY="mar ker",
        APPROOV_BASE64_SECRET="marker",
        APPROOV_LEEWAY="marker",
    )
    ended = run([*ASTROPIKS, "serve"], env, tmp_path)
    assert ended.returncode == 2
    named = [line.split()[0] for line in ended.stderr.splitlines()[1:]]
    assert named == ["APPROOV_LEEWAY", "PORT", "NASA_API_KEY", "APPROOV_BASE64_SECRET"]
    assert "mar" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("secret", [*SAMPLES.values(), base64.b64encode(b"s" * 31).decode()])
def test_unsafe_secrets(tmp_path: Path, secret: str) -> None:
    """Published and short secrets are refused."""
    env = environment(NASA_API_KEY="key", APPROOV_BASE64_SECRET=secret)
    ended = run([*ASTROPIKS, "serve"], env, tmp_path)
    assert ended.returncode == 2
    assert "APPROOV_BASE64_SECRET" in ended.stderr
    assert secret not in ended.stderr


def test_no_dotenv(tmp_path: Path) -> None:
    """A .env file that lies about is not read."""
    (tmp_path / ".env").write_text(f"NASA_API_KEY=key\nAPPROOV_BASE64_SECRET={SECRET_TEXT}\n")
    assert run([*ASTROPIKS, "serve"], environment(), tmp_path).returncode == 2
