import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import httpx
import pytest

import astropiks.console
from astropiks.console.app import POLICY, BehindConsole
from astropiks.console.askers import Who
from astropiks.console.page import link
from astropiks.console.switchboard import APIS, FAULTS, FIELDS
from edge import metrics
from edge.fast_path import Reply
from standin.calendar import SettableClock
from standin.conditions import APIS as STANDIN_APIS
from standin.conditions import Conditions
from standin.faults import Fault
from tests.astropiks.test_dev import PROTECTED
from tests.console.served import (
    Bench,
    astropiks_dev,
    bench,
    development_settings,
    make_console,
    visitor,
)

SCRIPTS = sorted(Path(astropiks.console.__file__).parent.glob("static/*.js"))
APOD = "/planetary/apod"
DAY = f"{APOD}?date=2021-10-12"
BAD_DAY = f"{APOD}?date=2021-02-30"

TARGETS = (
    *(DAY, BAD_DAY, "/secrets", "/attest", "/nowhere"),
    *("/livez", "/%6Civez", "/docs", "/openapi.json", "/console/counters"),
)
"""What a gate looks at, and what it does not."""


def test_banner(tmp_path: Path) -> None:
    """`astropiks dev` names the console's address first, and it is there."""
    with astropiks_dev(tmp_path) as url, visitor(url) as client:
        said = (tmp_path / "output").read_text()
        answer = client.get("/")
    assert 0 < said.index(f"Open {url} in a browser") < said.index("NASA is ")
    assert answer.status_code == 200
    assert "development console" in answer.text


@pytest.fixture(scope="module")
def here() -> Iterator[Bench]:
    """Serve a console."""
    with bench(rate_limit_rejected="off") as served:
        yield served


@pytest.fixture
def client(here: Bench) -> Iterator[httpx.Client]:
    """Be its page."""
    here.conditions.faults = {}
    with visitor(here.url) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/console/counters", "/console/static/main.js", "/console/nothing"]
)
def test_headers(client: httpx.Client, path: str) -> None:
    """Every answer is strict: nothing from elsewhere, nothing kept, nothing for other sites."""
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "unsafe" not in POLICY
    assert {"default-src 'none'", "frame-ancestors 'none'"} < {*POLICY.split("; ")}


class Elements(HTMLParser):
    """Collects what a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one."""
        self.found.append((tag, dict(attrs)))


def test_page(client: httpx.Client) -> None:
    """It has the picture of the day, no inline code, and every label and id is what it should."""
    text = client.get("/").text
    elements = Elements(text).found
    identities = Counter(one["id"] for _, one in elements if "id" in one)
    assert max(identities.values()) == 1
    assert not [
        one for _, one in elements if "style" in one or any(n.startswith("on") for n in one)
    ]
    assert all(one.get("src") for tag, one in elements if tag == "script")
    named = {one[name] for _, one in elements for name in ("for", "aria-labelledby") if name in one}
    assert named <= identities.keys()
    (picture,) = (one["src"] or "" for tag, one in elements if tag == "img")
    assert client.get(picture).headers["Content-Type"] == "image/png"


def test_scripts() -> None:
    """No script takes text for HTML, or for code."""
    dangerous = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    )
    assert len(SCRIPTS) > 10
    assert not [path.name for path in SCRIPTS if dangerous.search(path.read_text())]


def headers_of(client: httpx.Client, who: str, target: str = DAY) -> dict[str, str]:
    """Give what the page would send."""
    answer = client.post("/console/headers", json={"who": who, "target": target})
    found: dict[str, str] = answer.json()["headers"]
    return found


def counted() -> Counter[tuple[str, str]]:
    """Give what the gates of this process have decided, and why."""
    return Counter(
        {
            (one.labels["result"], one.labels["reason"]): int(one.value)
            for one in metrics.samples()
            if one.name == "astropiks_attestations_total"
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"approov_enforcement": "monitor"},
        {"approov_missing_binding": "allow"},
        {"approov_missing_binding": "allow", "approov_binding_headers": "Authorization"},
        {"approov_message_signing": "required"},
        {"approov_header_name": "Authorization", "approov_header_prefix": "Bearer"},
    ],
    ids=lambda changes: " ".join(changes) or "defaults",
)
def test_verdict(changes: dict[str, str]) -> None:
    """Whoever asks for whatever: the page tells the decision and reason that the gate counts."""
    limits = {"rate_limit_device": "off", "rate_limit_rejected": "off"}
    with bench(**limits, **changes) as served, visitor(served.url) as client:
        for target, who in product(TARGETS, Who):
            sent = headers_of(client, who, target)
            asked = {"target": target, "headers": sent}
            verdict = client.post("/console/verdict", json=asked).json()
            before = counted()
            client.get(target, headers=sent)
            told = (verdict["decision"], verdict["reason"] or "")
            assert counted() - before == ({} if told[0] == "public" else {told: 1}), (target, who)
            assert bool(verdict["lines"]) == bool(verdict["reason"])


def test_unbound_beside_a_recipient() -> None:
    """What may be bound to nothing elsewhere is refused beside a key for a sealed secret."""
    with bench(approov_missing_binding="allow") as served, visitor(served.url) as client:
        sent = headers_of(client, Who.UNBOUND)
        asked = {"target": DAY, "headers": sent}
        verdict = client.post("/console/verdict", json=asked).json()
    assert "Secret-Recipient" in sent
    assert (verdict["decision"], verdict["reason"]) == ("refused", "binding_missing")


@pytest.mark.parametrize("variables", PROTECTED.values(), ids=PROTECTED)
def test_protected(variables: dict[str, str]) -> None:
    """Whatever protections are on: the genuine app passes, also to secrets, and nobody else."""
    changes = {name.lower(): value for name, value in variables.items()}
    with bench(**changes) as served, visitor(served.url) as client:
        for target in (DAY, "/secrets"):
            asked = {
                who: client.get(target, headers=headers_of(client, who, target)).status_code
                for who in Who
            }
            assert asked == {who: 200 if who is Who.GENUINE else 401 for who in Who}
        assert client.get("/").text.count("<img") == 1


def test_nothing_to_bind_to() -> None:
    """Where no binding can be checked, an unbound token is no choice."""
    with bench(services="proxy") as served, visitor(served.url) as client:
        elements = Elements(client.get("/").text).found
    disabled = {one["value"] for tag, one in elements if tag == "input" and "disabled" in one}
    assert disabled == {"unbound", "stolen"}


def test_secrets_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that serves secrets alone has a console without pictures."""
    monkeypatch.chdir(tmp_path)  # where the key for the printed line is kept
    with bench(services="secrets") as served, visitor(served.url) as client:
        text = client.get("/").text
    assert 'id="secrets"' in text
    assert 'id="gallery"' not in text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/console/headers", {"who": "a king", "target": DAY}),
        ("/console/headers", {"who": "genuine"}),
        ("/console/headers", "genuine"),
        ("/console/verdict", {"headers": ["a"], "target": DAY}),
        ("/console/verdict", {"headers": {}}),
    ],
)
def test_unclear(client: httpx.Client, path: str, body: object) -> None:
    """What the console does not understand is a 400 that says what is wanted."""
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body wants a JSON object with ")


def test_picture(client: httpx.Client) -> None:
    """A picture comes through this machine as the proxy gives it, a part of it too."""
    path = "/console/v2/apod.nasa.gov/apod/image/2110/a.jpg"
    whole, part = client.get(path), client.get(path, headers={"Range": "bytes=1-3"})
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "image/png")
    assert (part.status_code, part.content) == (206, b"PNG")
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "path",
    ["evil.example/a.jpg", "apod.nasa.gov/..%2fa.jpg", "apod.nasa.gov//a.jpg", "apod.nasa.gov", ""],
)
def test_no_picture(client: httpx.Client, path: str) -> None:
    """Nothing but pictures of the configured hosts can be had there."""
    assert client.get(f"/console/v2/{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/v2/evil.example/a.jpg", 404),
        ("GET", "/console/v2/apod.nasa.gov/..%2fa.jpg", 404),
        ("GET", "/console/static/nothing.js", 404),
        ("GET", "/console/nothing", 404),
        ("POST", "/console/counters", 405),
    ],
)
def test_problem(client: httpx.Client, method: str, path: str, status: int) -> None:
    """What is not there is told in the service's own envelope."""
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_links_of_records() -> None:
    """Where records lead through the proxy, the page finds their pictures all the same."""
    settings = {"image_proxy": "on", "public_base_url": "http://10.0.2.2:8080"}
    with bench(**settings) as served, visitor(served.url) as client:
        elements = Elements(client.get("/").text).found
        (source,) = (one["src"] or "" for tag, one in elements if tag == "img")
        found = client.get(source)
    assert source.startswith("/console/v2/apod.nasa.gov/apod/image/")
    assert found.status_code == 200


@pytest.mark.parametrize("url", ["http://[x", "https://[::1", "//[", "mailto:x", "javascript:x"])
def test_odd_links(url: str) -> None:
    """What is no address of a web page is no link, and costs nobody the page."""
    assert link(url) is None


def test_conditions(client: httpx.Client, here: Bench) -> None:
    """The switchboard changes the stand-in, says what it cannot do, and makes all well again."""
    changed = client.patch("/console/conditions", json={"faults": {"legacy": "503"}})
    wrong = client.patch("/console/conditions", json={"latency_seconds": -1})
    assert changed.json()["faults"] == {"legacy": "503"}
    assert here.conditions.faults == {"legacy": Fault.UNAVAILABLE}
    assert wrong.status_code == 400
    assert wrong.json()["error"].startswith("latency_seconds: ")
    assert client.delete("/console/conditions").json() == Conditions().model_dump(mode="json")


def test_names_of_conditions() -> None:
    """Every API and fault has words on the page, and every field is a condition."""
    assert APIS.keys() == STANDIN_APIS
    assert FAULTS.keys() == set(Fault)
    assert {one.name for one in FIELDS} <= Conditions.model_fields.keys()


def test_no_stand_in(clock: SettableClock) -> None:
    """With the real NASA there is nothing to switch."""
    console = make_console(development_settings("http://127.0.0.1:9"), clock)
    paths = {getattr(route, "path", "") for route in console._console.routes}  # noqa: SLF001
    assert "/console/conditions" not in paths
    assert "/console/counters" in paths


def test_fast_path(clock: SettableClock) -> None:
    """The application's fast path still answers, but never for the console's paths."""
    settings = development_settings("http://127.0.0.1:9")
    console = make_console(settings, clock)
    assert isinstance(console.fast_path, BehindConsole)
    headers = [(b"host", b"127.0.0.1")]
    answered = console.fast_path.answer(b"/planetary/apod", headers, "127.0.0.1")
    assert isinstance(answered, Reply)
    assert answered.status == 401
    for target in (b"/", b"/?a", b"/console/counters", b"/console/headers?a=b"):
        assert console.fast_path.answer(target, headers, "127.0.0.1") is None


def test_nasa_away() -> None:
    """While NASA is away the page comes all the same, at once."""
    with bench() as served, visitor(served.url) as client:
        served.conditions.faults = {"legacy": Fault.HANG, "science": Fault.HANG}
        answer = client.get("/")
    assert answer.status_code == 200
    assert "NASA has not answered yet." in answer.text


def test_counters(client: httpx.Client) -> None:
    """The counters are ours, not those of the Python process."""
    names = {one["name"] for one in client.get("/console/counters").json()}
    assert "astropiks_requests_total" in names
    assert all(name.startswith("astropiks_") for name in names)
