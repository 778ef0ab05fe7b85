"""The search through all tests: it fails a run for what comes out, and for nothing else."""

import re
import sys
from pathlib import Path

from tests.processes import ROOT, environment, run

TESTS = """
import subprocess
import sys

import httpx
import pytest
from pydantic import SecretStr

from astropiks.mint import mint
from attestation.keys import HmacKey
from tests.redis_server import RedisServer

MARK = "mark-of-a-test/1f2e"


@pytest.fixture(autouse=True)
def secret():
    SecretStr(MARK)


def test_bad_print():
    print(MARK)


def test_bad_error(capfd):
    print(MARK.encode().hex(), file=sys.stderr)
    assert capfd.readouterr().err


def test_bad_process():
    echo = [sys.executable, "-c", "print(input())"]
    subprocess.run(echo, input=MARK, capture_output=True, text=True)


def test_bad_file(tmp_path):
    with (tmp_path / "log").open("w") as file:
        file.write("mark-of-a-test%2F1f2e")


def test_bad_output(tmp_path):
    with (tmp_path / "output").open("w") as file:
        echo = [sys.executable, "-c", "print(input())"]
        subprocess.run(echo, input=MARK, stdout=file, text=True)


def test_bad_answer():
    answer = httpx.MockTransport(lambda _: httpx.Response(500, json={"detail": MARK}))
    httpx.Client(transport=answer).get("http://127.0.0.1/secrets/x")


def test_bad_token():
    print(mint(b"x" * 32, now=0)[50:])


def test_bad_redis(tmp_path):
    with RedisServer(tmp_path) as redis:
        redis.client.set("x", MARK * 100)


def test_bad_key():
    HmacKey(b"mark of a key, of 32 bytes, 1a2b")
    print("bWFyayBvZiBhIGtleSwgb2YgMzIgYnl0ZXMsIDFhMmI=")


def test_bad_variable():
    given = {"RUNTIME_SECRET_X": "a secret for a process"}
    subprocess.run([sys.executable, "-c", "import os; print(os.environ['RUNTIME_SECRET_X'])"],
                   env=given, capture_output=True)


def test_good_input(tmp_path):
    (tmp_path / "secret").write_text(MARK)
    (tmp_path / "secret").rename(tmp_path / "moved")


def test_good_delivery():
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"name": "x", "value": MARK}))
    httpx.Client(transport=answer).get("http://127.0.0.1/secrets/x")


def test_good_print():
    print("mark-of-a-test/1f2f")


def test_good_opened():
    words = [sys.executable, "-c", "print('" + MARK + "')", "astropiks secrets open"]
    assert subprocess.run(words, capture_output=True).stdout


def test_good_command():
    words = [sys.executable, "-m", "astropiks", "token", "mint"]
    assert subprocess.run(words, capture_output=True).stdout.startswith(b"ey")
"""


def test_plugin(tmp_path: Path) -> None:
    """Each test that lets something out is named, no other is, and the run fails."""
    module = tmp_path / "test_something.py"
    module.write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.proof.leaks", str(module)]
    options = ["-p", "no:cacheprovider", f"--basetemp={tmp_path}/all"]
    ended = run([*command, *options], environment(HOME=str(tmp_path)), ROOT)
    assert "15 passed" in ended.stdout
    assert ended.returncode == 1
    bad = set(re.findall(r"def (test_bad_\w+)", TESTS))
    assert set(re.findall(r"Leak\(test='[^']*::(\w+)'", ended.stdout)) == bad
