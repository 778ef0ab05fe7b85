"""What the document on several processes says is so."""

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.documents.commands import here, one_shown, shown
from tests.processes import environment, free_port, run, running, wait_for
from tests.redis_server import program

DOCUMENT = "docs/scaling.md"
WARM = one_shown(DOCUMENT, r"astropiks warm --days")
TWO_PROCESSES = shown(DOCUMENT, "^export |&$|^for port in |/standin/requests$")


def test_warm(tmp_path: Path) -> None:
    """The command for the whole archive reaches the check of the settings, which refuses it."""
    ended = run(["sh", "-c", WARM], environment(), tmp_path)
    assert ended.returncode == 2
    named = {line.split()[0] for line in ended.stderr.splitlines()[1:]}
    assert named == {"APPROOV_BASE64_SECRET", "REDIS_URL"}


def test_two_processes(tmp_path: Path) -> None:
    """README's two processes with one Redis answer alike, and NASA is asked once."""
    ports = {port: str(free_port()) for port in ("6390", "8090", "8081", "8082")}
    written = re.compile("|".join(ports))
    commands = [written.sub(lambda found: ports[found[0]], here(one)) for one in TWO_PROCESSES]
    exports = "\n".join(one for one in commands if one.startswith("export "))
    told = run(["sh", "-c", f"{exports}\nenv"], environment(), tmp_path).stdout
    env = dict(line.split("=", 1) for line in told.splitlines())
    started = [one.removesuffix(" &") for one in commands if one.endswith(" &")]
    (ask,) = [one for one in commands if one.startswith("for port in ")]
    (look,) = [one for one in commands if one.endswith("/standin/requests")]
    with ExitStack() as stack:
        for port, command in zip(ports, started, strict=True):
            line = command.replace("redis-server", program())
            output = tmp_path / port
            process = stack.enter_context(running(["sh", "-c", line], env, tmp_path, output))
            if port != "6390":
                wait_for(int(ports[port]), process, output)
        for port in ("8081", "8082"):
            until_redis_is_up(f"http://127.0.0.1:{ports[port]}")
        first, second = run(["sh", "-c", ask], env, tmp_path).stdout.splitlines()
        asked = json.loads(run(["sh", "-c", look], env, tmp_path).stdout)
    assert ("fwd=miss" in first, "; hit" in second) == (True, True)
    assert [one["path"] for one in asked if one["path"] != "/livez"] == ["/planetary/apod"]


def until_redis_is_up(url: str) -> None:
    """Wait until a process has found it."""
    for _ in range(500):
        if "redis" not in httpx.get(f"{url}/readyz").text:
            return
        time.sleep(0.01)
    raise AssertionError("Redis is not up")
