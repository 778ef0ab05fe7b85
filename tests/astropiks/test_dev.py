import json
import re
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from astropiks import server
from edge.environment import ALIASES, SECRET_VARIABLES
from edge.settings import variables
from tests.attestation.test_keys import SAMPLES
from tests.attestation.test_published_tokens import BAD, GOOD
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run, running, wait_for

UNSET = dict.fromkeys((*variables(), *ALIASES, *(f"{name}_FILE" for name in SECRET_VARIABLES)), "")
"""Keeps a developer's own .env out of the tests that run in the checkout."""


def curl(output: Path, variables: dict[str, str] | None = None) -> list[str]:
    """Paste the printed lines into a shell, and give what they print."""
    assert shutil.which("curl"), "these tests run curl: please install it"
    lines = [line for line in output.read_text().splitlines() if "curl -s " in line]
    env = environment(**(variables or {}))
    return [run(["sh", "-c", line], env, Path("/")).stdout for line in lines]


def assert_secrets(answers: list[str]) -> None:
    """See to it that the second and third are one secret, the third one unsealed."""
    plain, unsealed = (json.loads(answer) for answer in answers)
    assert plain["name"] == unsealed["name"] == "example"
    assert plain["value"] == unsealed["value"] == "a value that make run has made up"


def test_make_run(tmp_path: Path) -> None:
    """`make run` answers its own lines: a record, a secret, a sealed one; and ends on Ctrl-C."""
    port, output = free_port(), tmp_path / "output"
    env = environment(**{**UNSET, "PORT": str(port), "HOME": str(tmp_path)})
    with running(["make", "run"], env, ROOT, output) as process:
        wait_for(port, process, output)
        picture, *secrets = curl(output)
    assert '"title":"Fireball over Lake Louise"' in picture
    assert_secrets(secrets)
    assert "Traceback" not in output.read_text()


def test_banner(tmp_path: Path) -> None:
    """It says who plays NASA and which base URLs there are."""
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
    said = output.read_text()
    assert "NASA is a stand-in at http://127.0.0.1:" in said
    assert f"http://127.0.0.1:{port}\n" in said
    assert f"http://10.0.2.2:{port}\n" in said
    assert process.returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_host(tmp_path: Path, host: str) -> None:
    """With HOST it names that address alone: its lines work there, and so do pictures."""
    try:
        server.listen(host, 0).close()
    except server.ListenError:
        pytest.skip(f"NOT TRIED: this machine has no {host}")
    port, output = free_port(), tmp_path / "output"
    shown = f"[{host}]" if ":" in host else host
    base, env = f"http://{shown}:{port}", environment(PORT=str(port), HOST=host)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output, shown)
        picture, *secrets = curl(output)
    said = output.read_text()
    assert f"Open {base}/?key=" in said
    assert {"127.0.0.1:", "10.0.2.2:"} & {*re.findall(r"http://(\S+?:)\d+\n", said)} == set()
    assert json.loads(picture)["url"].startswith(f"{base}/v2/apod.nasa.gov/")
    assert_secrets(secrets)


def test_second_shell(tmp_path: Path) -> None:
    """A token that a second shell mints is accepted, and so is the emulator's Host."""
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        token = run([*ASTROPIKS, "token", "mint"], environment(), tmp_path).stdout.strip()
        headers = {"Approov-Token": token, "Host": f"10.0.2.2:{port}"}
        answer = httpx.get(
            f"http://127.0.0.1:{port}/v2/api.nasa.gov/planetary/apod", headers=headers
        )
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "10.0.2.2"])
def test_pictures(tmp_path: Path, name: str) -> None:
    """Pictures come from the address that their record was asked for at, nothing being set."""
    port, output = free_port(), tmp_path / "output"
    env = environment()
    with running([*ASTROPIKS, "dev"], {**env, "PORT": str(port)}, tmp_path, output) as process:
        wait_for(port, process, output)
        token = run([*ASTROPIKS, "token", "mint"], env, tmp_path).stdout.strip()
        ask = ["curl", "-s", "-H", f"Approov-Token: {token}", "--connect-to", f"::127.0.0.1:{port}"]
        day = f"http://{name}:{port}/planetary/apod?date=2021-10-12"
        record = json.loads(run([*ask, day], env, tmp_path).stdout)
        told = [*ask, "-o", "/dev/null", "-w", "%{http_code} %{content_type}"]
        files = {run([*told, record[one]], env, tmp_path).stdout for one in ("url", "hdurl")}
    assert record["url"].startswith(f"http://{name}:{port}/v2/apod.nasa.gov/apod/image/2110/")
    assert files == {"200 image/png"}


@pytest.mark.parametrize(
    ("variables", "base"),
    [
        ({"IMAGE_PROXY": "off"}, "https://"),
        ({"PUBLIC_BASE_URL": "http://192.0.2.7:8080"}, "http://192.0.2.7:8080/v2/"),
    ],
    ids=["off", "public address"],
)
def test_pictures_as_set(tmp_path: Path, variables: dict[str, str], base: str) -> None:
    """What is set counts: NASA's own addresses, or the one public address."""
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        picture = json.loads(curl(output)[0])
    assert picture["url"].startswith(f"{base}apod.nasa.gov/apod/image/2110/")


def test_pictures_for_unknown_hosts(tmp_path: Path) -> None:
    """What a client says in `Host` does not get into records, nor what one was told to another."""
    port, output = free_port(), tmp_path / "output"
    url = f"http://127.0.0.1:{port}/planetary/apod?date=2021-10-12"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        token = run([*ASTROPIKS, "token", "mint"], environment(), tmp_path).stdout.strip()
        hosts = ["evil.example", f"10.0.2.2:{port}"] * 3
        answers = [
            httpx.get(url, headers={"Approov-Token": token, "Host": host}, trust_env=False).json()
            for host in hosts
        ]
    starts = [answer["url"].partition("apod.nasa.gov")[0] for answer in answers]
    assert starts == ["https://", f"http://10.0.2.2:{port}/v2/"] * 3


def test_published_examples(tmp_path: Path) -> None:
    """With the sample secret in .env, Approov's published tokens do as published."""
    (tmp_path / ".env").write_text(f"APPROOV_BASE64_SECRET={SAMPLES['quickstarts']}\n")
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        url = f"http://127.0.0.1:{port}/planetary/apod"
        good = {
            httpx.get(url, headers={"Approov-Token": text}).status_code for text in GOOD.values()
        }
        bad = {
            httpx.get(url, headers={"Approov-Token": text}).status_code for text, _ in BAD.values()
        }
    assert (good, bad) == ({200}, {401})


def test_real_nasa(tmp_path: Path) -> None:
    """With a key of NASA's it says that NASA is the real one, and starts no stand-in."""
    port, output = free_port(), tmp_path / "output"
    nowhere = "http://127.0.0.1:9"
    urls = {"NASA_API_BASE_URL": nowhere, "NASA_SCIENCE_BASE_URL": nowhere}
    env = environment(PORT=str(port), NASA_API_KEY="marker", **urls)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        answer = curl(output)[0]
    assert "NASA is the real one at http://127.0.0.1:9" in output.read_text()
    assert '"status":503' in answer
    assert "marker" not in output.read_text()


def test_other_header(tmp_path: Path) -> None:
    """The curl line follows the configured header and prefix."""
    port, output = free_port(), tmp_path / "output"
    variables = {"APPROOV_HEADER_NAME": "Authorization", "APPROOV_HEADER_PREFIX": "Bearer"}
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        answer = curl(output)[0]
    assert re.search(r"^curl -s -H 'Authorization: Bearer ey", output.read_text(), re.MULTILINE)
    assert '"date":"2021-10-12"' in answer


def test_signed_request(tmp_path: Path) -> None:
    """What `token mint --sign` prints passes where message signatures are required, once."""
    port, output = free_port(), tmp_path / "output"
    url = f"http://127.0.0.1:{port}/planetary/apod?date=2021-10-12"
    env = environment(PORT=str(port), APPROOV_MESSAGE_SIGNING="required")
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        printed = run([*ASTROPIKS, "token", "mint", "--sign", url], environment(), tmp_path).stdout
        headers = dict(line.split(": ", 1) for line in printed.splitlines())
        answers = [httpx.get(url, headers=headers).status_code for _ in range(2)]
    assert answers == [200, 401]
    assert '"replay"' in output.read_text() or "reason=replay" in output.read_text()


PROTECTED = {
    "claims": {
        "APPROOV_ISSUER": "x.approov.io",
        "APPROOV_AUDIENCE": "api.test",
        "APPROOV_MAX_LIFETIME_SECONDS": "600",
    },
    "public address": {
        "APPROOV_MESSAGE_SIGNING": "required",
        "PUBLIC_BASE_URL": "https://api.example.com",
        "APPROOV_ISSUER": "x.approov.io",
    },
    "bound": {"APPROOV_BINDING_HEADERS": "Authorization,X-Device-Id"},
    "signed": {"APPROOV_MESSAGE_SIGNING": "required"},
    "both": {
        "APPROOV_BINDING_HEADERS": "Authorization",
        "APPROOV_MESSAGE_SIGNING": "required",
    },
}


@pytest.mark.parametrize("variables", PROTECTED.values(), ids=PROTECTED)
def test_protected(tmp_path: Path, variables: dict[str, str]) -> None:
    """The lines to paste work with every protection on."""
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        picture, *secrets = curl(output, variables)
    assert '"date":"2021-10-12"' in picture
    assert_secrets(secrets)


def test_port_in_use(tmp_path: Path) -> None:
    """When the port is taken it says so, and what to do."""
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port))
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        second = run([*ASTROPIKS, "dev"], env, tmp_path)
    assert second.returncode == 1
    assert f"port {port}: Address already in use. Choose another port" in second.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_end(tmp_path: Path, end: signal.Signals) -> None:
    """It ends at once on either signal."""
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        process.send_signal(end)
        process.wait(10)
    assert "stopped" in output.read_text()
