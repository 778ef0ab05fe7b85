import base64
import json
import re
import sys

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from astropiks.apps import _routes
from astropiks.openapi.apod import DATE_PATTERN
from astropiks.openapi.samples import samples
from astropiks.version import version
from edge.health import Health
from edge.settings import Settings
from proxy import query
from proxy.records import FIELDS
from tests.conftest import EVERYTHING, SECRET, make_settings
from tests.openapi.conformance import answers, described, examples, validate
from tests.openapi.conftest import METRICS_TOKEN, Ask
from tests.processes import ROOT, environment, run

WHOLE: dict[str, object] = {**EVERYTHING, "metrics_token": METRICS_TOKEN}

VARIETY: dict[str, dict[str, object]] = {
    "default": {},
    "everything": WHOLE,
    "proxy alone": {"services": "proxy"},
    "secrets alone": {"services": "secrets"},
    "other header": {
        "approov_header_name": "X-App",
        "approov_header_prefix": "Token",
        "approov_status_missing": 400,
        "approov_status_invalid": 403,
    },
    "bearer": {"approov_header_name": "Authorization", "approov_header_prefix": "Bearer"},
    "bound": {"approov_binding_headers": "Authorization,X-Device"},
    "bound at will": {
        "approov_binding_headers": "Authorization",
        "approov_missing_binding": "allow",
    },
    "signed": {**WHOLE, "approov_message_signing": "required"},
    "signed at will": {**WHOLE, "approov_message_signing": "if-present"},
    "monitored": {**WHOLE, "approov_enforcement": "monitor"},
    "without limits": {"rate_limit_device": "off", "rate_limit_rejected": "off"},
    "for gateways": {"attest_reason": "on", "attest_callers": "127.0.0.1"},
}


def settings_of(name: str) -> Settings:
    """Give one of the configurations."""
    return make_settings(**VARIETY[name])


@pytest.mark.parametrize("name", VARIETY)
def test_valid(name: str) -> None:
    """Whatever is served, its description is an OpenAPI 3.1 document."""
    document = described(settings_of(name))
    assert document["openapi"].startswith("3.1.")
    assert [*OpenAPIV31SpecValidator(dict(document)).iter_errors()] == []


@pytest.mark.parametrize("name", VARIETY)
def test_every_route(name: str) -> None:
    """It has every route of the application, and no other."""
    settings = settings_of(name)
    routes = {re.sub(r":path}", "}", route.path) for route in _routes(settings, Health())}
    assert set(described(settings)["paths"]) == routes


@pytest.mark.parametrize("name", VARIETY)
def test_examples_fit(name: str) -> None:
    """Each example is one of its schema."""
    document = described(settings_of(name))
    for path, status, shows, body in examples(document):
        for media_type in answers(document, path)[status]["content"].values():
            if shows in media_type.get("examples", {}):
                validate(document, media_type["schema"], body)
    for item in document["paths"].values():
        for parameter in item["get"].get("parameters", []):
            for example in parameter.get("examples", {}).values():
                validate(document, parameter["schema"], example["value"])


@pytest.mark.parametrize("name", VARIETY)
def test_nothing_unused(name: str) -> None:
    """Every component is pointed to, every security scheme wanted, every tag used."""
    document = described(settings_of(name))
    text = json.dumps(document)
    for kind in ("schemas", "headers", "responses"):
        for component in document["components"][kind]:
            assert f'"#/components/{kind}/{component}"' in text
    operations = [one for item in document["paths"].values() for one in item.values()]
    wanted = {scheme for one in operations for each in one["security"] for scheme in each}
    assert wanted == set(document["components"]["securitySchemes"])
    assert {tag for one in operations for tag in one["tags"]} == {
        tag["name"] for tag in document["tags"]
    }


def test_names() -> None:
    """Each operation has a name of its own, and so has each sample."""
    document = described(settings_of("everything"))
    items = document["paths"].values()
    names = [operation["operationId"] for item in items for operation in item.values()]
    titles = [sample.title for sample in samples(document)]
    assert len(set(names)) == len(names)
    assert len(set(titles)) == len(titles)


def test_version() -> None:
    """It is of the project's version."""
    assert described(settings_of("default"))["info"]["version"] == version() != "unknown"


def test_server() -> None:
    """The server is the address that clients use, where it is known; never one they tell."""
    assert described(settings_of("default"))["servers"][0]["url"] == "/"
    assert described(settings_of("everything"))["servers"][0]["url"] == "https://proxy.test"


def test_no_secret() -> None:
    """Nothing that is configured as a secret is in it, nor the name of one."""
    settings = make_settings(**WHOLE, runtime_secrets={"maps-key-canary": "value-canary"})
    text = json.dumps(described(settings))
    for secret in (METRICS_TOKEN, "nasa-key-of-the-tests", "canary"):
        assert secret not in text


@pytest.mark.parametrize(
    "text",
    [
        "2021-10-12",
        "2021-1-2",
        "2021-01-02",
        "2021-13-01",
        "2021-1-32",
        "20211012",
        "21-1-1",
        "2021-10-12T00:00",
        " 2021-10-12",
        "2021-10-1x",
        "2021-00-10",
        "2021-10-00",
        "x",
    ],
)
def test_date_pattern(text: str) -> None:
    """The form of a date is the one that is read, whatever day it then is."""
    match = query.DATE.fullmatch(text)
    assert bool(re.search(DATE_PATTERN, text)) == bool(match and not match[4])


def test_record() -> None:
    """A record is described with every member that it can have."""
    record = described(settings_of("default"))["components"]["schemas"]["Record"]
    assert set(record["properties"]) == {*FIELDS, "thumbnail_url", "concepts"}


PROTECTED = {
    "default": [{"token"}],
    "bound": [{"token", "binding-1", "binding-2"}],
    "bound at will": [{"token", "binding-1"}, {"token"}],
    "signed": [{"token", "signature-input", "signature"}],
    "signed at will": [{"token"}, {"token", "signature-input", "signature"}],
    "monitored": [{"token"}, set()],
}


@pytest.mark.parametrize("name", PROTECTED)
def test_security(name: str) -> None:
    """It says which headers a request needs, by the protections that are on."""
    operation = described(settings_of(name))["paths"]["/planetary/apod"]["get"]
    assert [set(one) for one in operation["security"]] == PROTECTED[name]


def test_refusals() -> None:
    """Refusals have the statuses of the settings; where only monitored, there are none."""
    paths = {
        name: answers(described(settings_of(name)), "/planetary/apod")
        for name in VARIETY
        if "secrets" not in name
    }
    assert {"400", "403", "429"} < set(paths["other header"])
    assert "401" not in paths["other header"]
    assert not {"401", "403"} & set(paths["monitored"])
    assert "429" not in paths["without limits"]


async def test_public(ask: Ask) -> None:
    """Document and page need no token, and may be kept by anybody for a while."""
    async with ask() as client:
        document, page = await client.get("/openapi.json"), await client.get("/docs")
        head = await client.head("/openapi.json")
    assert (document.status_code, page.status_code, head.status_code) == (200, 200, 200)
    assert document.headers["Cache-Control"] == page.headers["Cache-Control"]
    assert document.headers["Cache-Control"] == "public, max-age=300"
    assert document.json()["paths"].keys() == described(make_settings(**WHOLE))["paths"].keys()


def test_made_late() -> None:
    """A process that nobody asks for them has neither the document's modules nor jinja2."""
    code = (
        "import sys; from astropiks.apps import from_environment; from_environment(); "
        "print({'jinja2', 'astropiks.openapi.document', 'standin'} & {*sys.modules})"
    )
    secret = base64.b64encode(SECRET).decode()
    env = environment(NASA_API_KEY="key", APPROOV_BASE64_SECRET=secret)
    assert run([sys.executable, "-c", code], env, ROOT).stdout == "set()\n"
