"""Every request that is written down is sent to what `astropiks dev` serves.

Those that `astropiks requests` prints, and the lines to paste of the page at `/docs`.
"""

import base64
import html
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from tests.documents.commands import here
from tests.openapi.conftest import METRICS_TOKEN
from tests.processes import ASTROPIKS, as_checkout, environment, free_port, run, running, wait_for

VARIETY = {
    "everything": {
        "IMAGE_PROXY": "on",
        "NASA_PASSTHROUGH": "/neo/,/DONKI/",
        "METRICS_TOKEN": METRICS_TOKEN,
    },
    "bound, and other claims": {
        "APPROOV_BINDING_HEADERS": "Authorization,X-Device-Id",
        "APPROOV_ISSUER": "x.approov.io",
        "APPROOV_MAX_LIFETIME_SECONDS": "600",
    },
    "other header, signed at will": {
        "APPROOV_HEADER_NAME": "X-App",
        "APPROOV_HEADER_PREFIX": "Token",
        "APPROOV_STATUS_MISSING": "403",
        "APPROOV_MESSAGE_SIGNING": "if-present",
    },
    "signed": {"APPROOV_MESSAGE_SIGNING": "required", "APPROOV_BINDING_HEADERS": "Authorization"},
    "for a phone": {
        "PUBLIC_BASE_URL": "http://10.0.2.2:8080",
        "SERVICES": "secrets",
        "APPROOV_HEADER_NAME": "Authorization",
        "APPROOV_HEADER_PREFIX": "Bearer",
    },
}

ITEM = {
    "type": "object",
    "required": ["name", "request", "response"],
    "properties": {
        "request": {
            "type": "object",
            "required": ["method", "header", "url"],
            "properties": {
                "header": {"items": {"required": ["key", "value"]}},
                "url": {"required": ["raw", "host", "path"]},
            },
        }
    },
}
COLLECTION = {
    "type": "object",
    "required": ["info", "item"],
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "properties": {
                "schema": {
                    "const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
                }
            },
        },
        "item": {
            "items": {
                "required": ["name", "item"],
                "properties": {"item": {"items": ITEM, "minItems": 1}},
            }
        },
        "variable": {"items": {"required": ["key", "value"]}},
    },
}
"""What format 2.1 demands of a collection with folders."""


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path) -> None:
    """Be in a checkout."""
    as_checkout(tmp_path)


@dataclass(frozen=True, slots=True)
class Written:
    """A request as it is written."""

    name: str
    method: str
    url: str
    headers: Mapping[str, str]
    status: int


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in, as tools that send such requests do."""
    return re.sub(r"{{(\w+)}}", lambda match: variables[match[1]], text)


def of_collection(text: str) -> Iterator[Written]:
    """Read a collection as Postman does."""
    collection = json.loads(text)
    OAS31Validator(COLLECTION).validate(collection)
    variables = {one["key"]: one["value"] for one in collection["variable"]}
    variables |= {"metricsToken": METRICS_TOKEN}
    for folder in collection["item"]:
        for item in folder["item"]:
            request = item["request"]
            url = "/".join([*request["url"]["host"], *request["url"]["path"]])
            query = "&".join(
                f"{one['key']}={one['value']}" for one in request["url"].get("query", [])
            )
            assert request["url"]["raw"] == (f"{url}?{query}" if query else url)
            (script,) = item["event"][0]["script"]["exec"]
            yield Written(
                item["name"],
                request["method"],
                filled(request["url"]["raw"], variables),
                {one["key"]: filled(one["value"], variables) for one in request["header"]},
                int(re.search(r"status\((\d+)\)", script)[1]),  # type: ignore[index]
            )


def of_http_file(text: str) -> Iterator[Written]:
    """Read an .http file as editors do."""
    head, *requests = re.split(r"^### ", text, flags=re.MULTILINE)
    variables = dict(re.findall(r"^@(\w+) = ?(.*)$", head, re.MULTILINE))
    variables |= {"metricsToken": METRICS_TOKEN}
    for request in requests:
        name, line, *rest = request.strip().splitlines()
        method, _, url = line.partition(" ")
        headers = dict(filled(one, variables).split(": ", 1) for one in rest)
        status = re.search(r"\((\d+)\)$", name)
        assert status
        yield Written(name, method, filled(url, variables), headers, int(status[1]))


FORMS = {"postman": of_collection, "http": of_http_file}


@pytest.mark.parametrize("variables", VARIETY.values(), ids=VARIETY)
def test_sent(tmp_path: Path, variables: dict[str, str]) -> None:
    """Each request of both forms gets the status that it is written with, by any protection."""
    port, output = free_port(), tmp_path / "output"
    env = environment(
        **{"PUBLIC_BASE_URL": f"http://127.0.0.1:{port}", "PORT": str(port), **variables}
    )
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        numbers = []
        for form, read in FORMS.items():
            printed = run([*ASTROPIKS, "requests", form], env, tmp_path)
            assert printed.returncode == 0, printed.stderr
            requests = [*read(printed.stdout)]
            for one in requests:
                assert one.url.startswith(f"http://127.0.0.1:{port}/")
                answer = httpx.request(one.method, one.url, headers=dict(one.headers), timeout=10)
                assert answer.status_code == one.status, one.name
            numbers.append(len(requests))
            assert METRICS_TOKEN not in printed.stdout
            assert ("passes once" in printed.stderr) == ("required" in variables.values())
    assert numbers[0] == numbers[1] > 6
    assert "Traceback" not in output.read_text()


BOUND = {"APPROOV_BINDING_HEADERS": "X-Device-Id,Authorization", "APPROOV_HEADER_PREFIX": "Token"}
METERED = {"METRICS_TOKEN": METRICS_TOKEN, "NASA_PASSTHROUGH": "/neo/"}


@pytest.mark.parametrize("variables", [METERED, BOUND], ids=["metered", "bound"])
def test_pasted(tmp_path: Path, variables: dict[str, str]) -> None:
    """Each line of the page, pasted after those that set its variables, gets what it says."""
    assert shutil.which("curl"), "these tests run curl: please install it"
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        page = httpx.get(f"http://127.0.0.1:{port}/docs").text
        shown = re.findall(
            r"<figcaption>([^<]*)</figcaption>\s*<pre[^>]*><code>(BASE_URL=.*?|curl .*?)</code>",
            page,
            re.DOTALL,
        )
        (_, settings), *lines = [(caption, html.unescape(text)) for caption, text in shown]
        script = here(settings).replace("METRICS_TOKEN=…", f"METRICS_TOKEN={METRICS_TOKEN}")
        for _, line in lines:
            script += f"\n{line} --silent --output /dev/null --write-out '%{{http_code}}\\n'"
        got = run(["sh", "-ec", script], env, tmp_path)
    assert len(lines) > 12
    assert got.stdout.split() == [caption.rpartition(": ")[2] for caption, _ in lines]


def test_base_url(tmp_path: Path) -> None:
    """They go where they are told to go; by default to this machine, at PORT."""
    for given, base in (
        ([], "http://127.0.0.1:8081"),
        (["http://10.0.2.2:80/"], "http://10.0.2.2"),
    ):
        option = [part for one in given for part in ("--base-url", one)]
        command = [*ASTROPIKS, "requests", "http", *option]
        printed = run(command, environment(PORT="8081"), tmp_path).stdout
        assert f"@baseUrl = {base}\n" in printed


@pytest.mark.parametrize("given", ["x", "http://10.0.2.2/path", "ftp://10.0.2.2", "http://a b"])
def test_bad_base_url(tmp_path: Path, given: str) -> None:
    """An address that is none is refused, with one that would do."""
    command = [*ASTROPIKS, "requests", "postman", "--base-url", given]
    refused = run(command, environment(), tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--base-url" in refused.stderr
    assert "http://127.0.0.1:8080" in refused.stderr


def test_good_for_a_week(tmp_path: Path) -> None:
    """Tokens are good for a week, and the file says until when."""
    printed = run([*ASTROPIKS, "requests", "http"], environment(), tmp_path).stdout
    token = re.search("@token = (.*)", printed)
    assert token
    explained = run([*ASTROPIKS, "token", "explain", token[1]], environment(), tmp_path)
    assert explained.returncode == 0
    assert re.search(
        r"^# Tokens are good until \d{4}-\d\d-\d\d \d\d:\d\d UTC.$", printed, re.MULTILINE
    )
    assert 6.9 < _days(token[1]) < 7.1


def _days(token: str) -> float:
    """Give the days that a token is good for."""
    claims: Any = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return (float(claims["exp"]) - time.time()) / 86400


def test_a_secret_that_there_is(tmp_path: Path) -> None:
    """The secret that is asked for is one of those that are configured, a plain one if there is."""
    (tmp_path / "value").write_text("a value")
    (tmp_path / "secrets.toml").write_text(
        f'[secrets.a]\nsource = "file:{tmp_path}/value"\npolicy.sealed = true\n'
        f'[secrets.maps-key]\nsource = "file:{tmp_path}/value"\n'
    )
    env = environment(RUNTIME_SECRETS_FILE=str(tmp_path / "secrets.toml"))
    printed = run([*ASTROPIKS, "requests", "http"], env, tmp_path).stdout
    assert "/secrets/maps-key\n" in printed
    assert "/secrets/a\n" not in printed
