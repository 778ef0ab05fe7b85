import json
import re
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from openapi_schema_validator import OAS31Validator
from starlette.responses import PlainTextResponse

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.openapi import document
from astropiks.openapi.operations import fill
from astropiks.openapi.samples import Sample, samples
from edge.settings import Settings
from proxy import query
from secrets_service.sealing import unseal
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import SECRET, asking
from tests.openapi import situations
from tests.openapi.conformance import answers, check, described, examples
from tests.openapi.conftest import METRICS_TOKEN, Ask, full_settings
from tests.openapi.situations import ASKED_BY_PARAMETERS, DEFECT, SITUATIONS, Situation
from tests.secrets_service.conftest import Phone

FULL = full_settings()
DOCUMENT = described(FULL)
EXAMPLES = {(path, name): body for path, _, name, body in examples(DOCUMENT)}

CASES = [
    pytest.param(path, name, id=f"{name} {path}")
    for name, situation in SITUATIONS.items()
    for path in situation.at
]


def test_every_answer() -> None:
    """Each status that is described, and each example, has a situation that is tried below."""
    tried = {(path, str(one.status)) for one in SITUATIONS.values() for path in one.at}
    tried |= {(path, "404") for path in situations.APOD}  # by its parameters
    described_ones = {
        (path, status) for path in DOCUMENT["paths"] for status in answers(DOCUMENT, path)
    }
    assert described_ones - tried == {(path, "500") for path in DOCUMENT["paths"]}
    assert tried <= described_ones
    names = {name for _, name in EXAMPLES}
    shown = {name for name in SITUATIONS if not name.startswith("(")}
    assert names == {*shown, *ASKED_BY_PARAMETERS, DEFECT}


@pytest.mark.parametrize(("path", "name"), CASES)
async def test_situation(
    nasa: StandIn, clock: SettableClock, tmp_path: Path, catalog: Path, path: str, name: str
) -> None:
    """The real application answers as described, and with the very example."""
    situation = SITUATIONS[name]
    if situation.catalog:
        catalog.write_text(situation.catalog.format(folder=tmp_path))  # noqa: ASYNC240
    if situation.fault:
        nasa.faults.update(
            dict.fromkeys(("legacy", "science", "pictures", "others"), situation.fault)
        )
    settings = full_settings(runtime_secrets_file=catalog, **situation.settings)
    upstream = httpx.ASGITransport(nasa) if situation.nasa is None else answering(situation.nasa)
    app = create_app(settings, clock=clock, transport=upstream)
    async with LifespanManager(app) as manager:
        if situation.is_lost:
            (tmp_path / "value").unlink()
        app.app.health.is_stopping = situation.is_stopping  # type: ignore[attr-defined]
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://proxy.test") as client:
            response = await ask_in(client, situation, path, clock)
    assert response.status_code == situation.status
    check(DOCUMENT, path, response)
    if (path, name) in EXAMPLES:
        assert at_sixty(body_of(response)) == EXAMPLES[path, name]


def body_of(response: httpx.Response) -> object:
    """Give the body as an example has it."""
    return response.json() if "json" in response.headers["Content-Type"] else response.text


def at_sixty(body: object) -> object:
    """Let it be 60 seconds until a window of a limit ends, as examples have it."""
    return json.loads(
        re.sub(r"Try again in \d+ seconds", "Try again in 60 seconds", json.dumps(body))
    )


def answering(status: int) -> httpx.ASGITransport:
    """Be NASA, and answer everything alike."""
    headers = {"Content-Language": "en", "Last-Modified": "Tue, 12 Oct 2021 04:05:06 GMT"}
    return httpx.ASGITransport(PlainTextResponse("no", status, headers))


async def ask_in(
    client: httpx.AsyncClient, situation: Situation, path: str, clock: SettableClock
) -> httpx.Response:
    """Make the request of a situation, as often as it says."""
    bind = situation.headers.get("Secret-Recipient")
    genuine = {
        "Approov-Token": mint(SECRET, now=clock.now, bind=bind),
        "Authorization": f"Bearer {METRICS_TOKEN}",
    }
    sent = {"Accept-Encoding": "identity", **genuine, **situation.headers}
    headers = {name: value for name, value in sent.items() if value}
    parameters = DOCUMENT["paths"][path]["get"].get("parameters", [])
    target = situation.target or fill(path, parameters)
    target += f"?{situation.query}" if situation.query else ""
    for _ in range(situation.times):
        response = await client.request(situation.method, target, headers=headers)
        if situation.etag:
            headers["If-None-Match"] = response.headers["ETag"]
    return response


SAMPLES = samples(DOCUMENT)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.title for sample in SAMPLES])
async def test_sample(ask: Ask, clock: SettableClock, phone: Phone, sample: Sample) -> None:
    """Each request that is taken out of the document is answered as it says."""
    bind = phone.recipient if "recipient" in sample.security else None
    values = {
        "token": ("Approov-Token", mint(SECRET, now=clock.now, bind=bind)),
        "recipient": ("Secret-Recipient", phone.recipient),
        "metrics-token": ("Authorization", f"Bearer {METRICS_TOKEN}"),
    }
    async with ask() as client:
        headers = dict(values[name] for name in sample.security)
        response = await client.request(sample.method, sample.target, headers=headers)
    (path,) = (
        path
        for path, item in DOCUMENT["paths"].items()
        if item["get"]["operationId"] == sample.operation
    )
    assert response.status_code == sample.status
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    assert fnmatch(kind, sample.accepts or "")
    check(DOCUMENT, path, response)
    if (path, sample.name) in EXAMPLES:
        assert response.json() == EXAMPLES[path, sample.name]


@pytest.mark.parametrize("count", ["-1", "0", "1", "2", "99", "100", "101", "1.5", "x", "1e1"])
async def test_count(ask: Ask, genuine: dict[str, str], count: str) -> None:
    """The numbers that are described are the ones that are read."""
    parameters = DOCUMENT["paths"]["/planetary/apod"]["get"]["parameters"]
    (schema,) = (one["schema"] for one in parameters if one["name"] == "count")
    number = int(count) if re.fullmatch(r"-?\d+", count) else count
    async with ask() as client:
        answer = await client.get(f"/planetary/apod?count={count}", headers=genuine)
    assert OAS31Validator(schema).is_valid(number) == (answer.status_code == 200)


@pytest.mark.parametrize("parameter", query.PARAMETERS)
async def test_parameters(ask: Ask, genuine: dict[str, str], parameter: str) -> None:
    """Every parameter that is read is described; each may be empty, and stand there once."""
    parameters = DOCUMENT["paths"]["/planetary/apod"]["get"]["parameters"]
    asked = {one["name"]: one for one in parameters if one["in"] == "query"}
    assert asked.keys() == {*query.PARAMETERS, "api_key"}
    assert asked[parameter]["allowEmptyValue"]
    async with ask() as client:
        empty = await client.get(f"/planetary/apod?{parameter}=", headers=genuine)
        twice = await client.get(f"/planetary/apod?{parameter}=&{parameter}=", headers=genuine)
    assert (empty.status_code, twice.status_code) == (200, 400)


async def test_defect(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is answered as described; what it is about stays in the log."""

    def broken(_: Settings) -> object:
        raise RuntimeError("canary")

    monkeypatch.setattr(document, "build", broken)
    async with ask() as client:
        response = await client.get("/openapi.json")
    check(DOCUMENT, "/openapi.json", response)
    assert response.json() == EXAMPLES["/openapi.json", DEFECT]


@pytest.mark.parametrize("method", DOCUMENT["paths"]["/attest"])
async def test_any_method(ask: Ask, genuine: dict[str, str], method: str) -> None:
    """Gateways may ask by any method."""
    async with ask() as client:
        for path in ("/attest", "/attest/orders/7"):
            template = path.replace("orders/7", "{path}")
            for headers in (genuine, {}):
                response = await client.request(method, path, headers=headers)
                check(DOCUMENT, template, response, method)


async def test_reason_for_gateways(nasa: StandIn, clock: SettableClock) -> None:
    """What gateways are told of a refusal is described where they are told it."""
    settings = full_settings(attest_reason="on", attest_callers="127.0.0.1")
    told = described(settings)
    async with asking(nasa, clock, settings) as client:
        response = await client.get("/attest")
    assert "X-Attestation-Reason" in response.headers
    check(told, "/attest", response)
    with pytest.raises(AssertionError):
        check(DOCUMENT, "/attest", response)


async def test_sealed_body(ask: Ask, clock: SettableClock, phone: Phone) -> None:
    """What a sealed secret's JWE holds is what the plain answer is described as."""
    headers = {
        "Approov-Token": mint(SECRET, now=clock.now, bind=phone.recipient),
        "Secret-Recipient": phone.recipient,
    }
    async with ask() as client:
        response = await client.get("/secrets/example", headers=headers)
    opened = json.loads(unseal(response.text, phone.pem))
    assert opened == EXAMPLES["/secrets/{name}", "secret"]


REFUSING = {"approov_status_missing": 400, "approov_status_invalid": 403}


@pytest.mark.parametrize(("token", "status"), [(None, 400), ("x", 403)])
async def test_other_refusals(ask: Ask, token: str | None, status: int) -> None:
    """Refusals by other statuses are described, also beside NASA's own 400."""
    refusing = described(full_settings(**REFUSING))
    async with ask(**REFUSING) as client:
        headers = {"Approov-Token": token} if token else {}
        response = await client.get("/planetary/apod", headers=headers)
        bad = await client.get("/secrets", headers=headers)
    assert response.status_code == bad.status_code == status
    check(refusing, "/planetary/apod", response)
    check(refusing, "/secrets", bad)


async def test_monitored(ask: Ask) -> None:
    """Where requests are only monitored, one without a token is answered as described."""
    monitored = described(full_settings(approov_enforcement="monitor"))
    async with ask(approov_enforcement="monitor") as client:
        response = await client.get("/planetary/apod?date=2021-10-12")
    assert response.status_code == 200
    check(monitored, "/planetary/apod", response)
