"""Nothing but the public paths answers without a good token: every way of asking, on real sockets.

Each on the fast path and on the long way, which have to look alike from outside.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import httpx
import pytest

from astropiks.apps import Application, create_app
from astropiks.server import serving
from standin.app import StandIn
from tests.conftest import EVERYTHING, NASA_KEY, make_settings
from tests.gateways.verdicts import BINDINGS, TOKENS, Case, Fields
from tests.proof.attacks import signatures
from tests.proof.attacks.routes import METHODS, OWN_TOKEN, UNKNOWN, disguised, is_public, paths
from tests.proof.attacks.signatures import Make
from tests.proof.attacks.wire import Answer, connected, parsed
from tests.proof.record import IS_WHOLE, Record, scaled

SIGNING = {"approov_message_signing": "required"}
BINDING = {"approov_binding_headers": "Authorization"}

SETTINGS: Mapping[str, tuple[Mapping[str, object], Mapping[str, Case]]] = {
    "token": ({}, TOKENS),
    "token and binding": (BINDING, {**TOKENS, **BINDINGS}),
    "token and message signature": (SIGNING, TOKENS),
}
"""What is demanded, and what is sent."""

OWN = {"date", "x-request-id", "content-length"}
"""Headers by which answers differ; the body holds the path, and so has its length."""


def refused(settings: str) -> Sequence[Make]:
    """Give what must not pass: where signatures count, all that is unsigned, or badly signed."""
    demanded, cases = SETTINGS[settings]
    if demanded is SIGNING:
        return [*map(whatever_is_asked, cases.values()), *signatures.BAD.values()]
    bad = (case for case in cases.values() if case.verdict != "accepted")
    if demanded is BINDING:  # good tokens that are bound to nothing
        bad = (case for name, case in cases.items() if name in TOKENS or case.verdict != "accepted")
    return [whatever_is_asked(case) for case in bad]


def whatever_is_asked(case: Case) -> Make:
    """Send the same to every method and target."""
    return lambda _method, _target: case.fields()


@dataclass(frozen=True, slots=True)
class Service:
    """A service with all of its routes.

    Attributes:
        port: where it listens.
        nasa: what it asks.
        paths: one for each of its routes.
        settings: what it demands.
        way: which requests take.
        bad: makes requests that it must not let pass, of every kind in turn.
    """

    port: int
    nasa: StandIn
    paths: Sequence[str]
    settings: str
    way: str
    bad: Iterator[Make]

    def ask(self, requests: Sequence[tuple[str, str, Fields]]) -> list[Answer]:
        """Send method, target and fields, all at once on one connection, and give the answers."""
        with connected(self.port) as connection:
            connection.send(b"".join(written(*request) for request in requests))
            connection.send(written("GET", "/livez", [("Connection", "close")]))
            return parsed(connection.read_to_end(60), [method for method, *_ in requests])


def written(method: str, target: str, fields: Fields) -> bytes:
    """Write a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: proxy.test"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@pytest.fixture(
    scope="module", params=[(way, name) for name in SETTINGS for way in ("fast path", "long way")]
)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Serve."""
    way, name = request.param
    nasa = StandIn(keys={NASA_KEY})
    limits = {"rate_limit_device": "off", "rate_limit_rejected": "off"}
    settings = make_settings(**EVERYTHING, **limits, **SETTINGS[name][0], metrics_token="m" * 32)
    app = create_app(settings, transport=httpx.ASGITransport(nasa))
    assert app.fast_path is not None
    if way == "long way":
        app = Application(app.app, None)
    bad = cycle(refused(name))
    with serving(app) as url:
        port = int(url.rpartition(":")[2])
        yield Service(port, nasa, paths(settings), name, way, bad)


def looks(answer: Answer) -> tuple[int, object, object]:
    """Give all of a refusal by which it could tell something."""
    fields = [(name, value) for name, value in answer.fields if name not in OWN]
    members = json.loads(answer.body) if answer.body else {}
    return answer.status, fields, {**members, "instance": ""}


def is_refused(answer: Answer, refusal: Answer, method: str, target: str) -> bool:
    """Tell whether an answer looks as any refusal, or as one of those who want their own token."""
    if target == OWN_TOKEN or b"METRICS_TOKEN" in answer.body:
        is_asked = method in {"GET", "HEAD"}
        return answer.status == (401 if is_asked else 405) and b"astropiks_" not in answer.body
    if method == "HEAD":
        answer = replace(answer, body=refusal.body)
    return looks(answer) == looks(refusal)


def test_every_route(service: Service, proof: Record) -> None:
    """Every path and method is refused, whatever is wrong, and all refusals look alike."""
    targets = [path for path in [*service.paths, *UNKNOWN] if not is_public(path)]
    each = len(refused(service.settings)) if IS_WHOLE else scaled(1, 0)
    asked, let_in = 0, []
    (refusal,) = service.ask([("GET", "/x", [])])[:-1]
    for path in targets:
        requests = [
            (method, path, next(service.bad)(method, path))
            for method in METHODS
            for _ in range(each)
        ]
        *answers, last = service.ask(requests)
        assert (last.status, len(answers)) == (200, len(requests))
        asked += len(requests)
        for (method, _, fields), answer in zip(requests, answers, strict=True):
            if not is_refused(answer, refusal, method, path):
                let_in.append((method, path, fields))
            elif answer.body and path != OWN_TOKEN:
                assert json.loads(answer.body)["instance"] == path
    proof.row(
        "attack-gate",
        demanded=service.settings,
        way=service.way,
        asked="every route and unknown path, every method, every bad token"
        + ", every bad signature" * (SETTINGS[service.settings][0] is SIGNING),
        requests=asked,
        let_in=len(let_in),
        calls_of_NASA=len(service.nasa.requests),
    )
    assert let_in == []
    assert service.nasa.requests == []


def test_every_disguise(service: Service, proof: Record) -> None:
    """However a path is written, it is public only if it is one of the public ones."""
    targets = [target for path in service.paths for target in disguised(path)][:: scaled(23, 1)]
    (refusal,) = service.ask([("GET", "/x", [])])[:-1]
    public, let_in = 0, []
    for target in targets:
        answer, last = service.ask([("GET", target, next(service.bad)("GET", target))])
        assert last.status == 200
        if is_public(target):
            assert answer.status == 200, target
            public += 1
        elif not is_refused(answer, refusal, "GET", target):
            let_in.append(target)
    proof.row(
        "attack-gate",
        demanded=service.settings,
        way=service.way,
        asked="every route in disguise: dots, slashes, escapes, whole addresses",
        requests=len(targets),
        let_in=len(let_in),
        calls_of_NASA=len(service.nasa.requests),
    )
    assert let_in == []
    assert service.nasa.requests == []
    assert public


def test_public(service: Service) -> None:
    """The public paths answer, whatever token comes with it."""
    for path in service.paths:
        answer = service.ask([("GET", path, next(service.bad)("GET", path))])[0]
        assert (answer.status == 200) == is_public(path), path


def test_good(service: Service) -> None:
    """With what is demanded each route lets one in: the refusals above are the gate's."""
    for path in service.paths:
        for make in accepted(service.settings):
            answer = service.ask([("GET", path, make("GET", path))])[0]
            assert (answer.status == 401) == (path == OWN_TOKEN), path


def accepted(settings: str) -> Sequence[Make]:
    """Give what passes."""
    if SETTINGS[settings][0] is SIGNING:
        return [signatures.good]
    cases = TOKENS if settings == "token" else BINDINGS
    return [whatever_is_asked(case) for case in cases.values() if case.verdict == "accepted"]


def test_every_replay(service: Service, proof: Record) -> None:
    """A signed request that each route lets in is let in once."""
    if SETTINGS[service.settings][0] is not SIGNING:
        return
    (refusal,) = service.ask([("GET", "/x", [])])[:-1]
    paths = [path for path in service.paths if not is_public(path) and path != OWN_TOKEN]
    let_in, calls = [], 0
    for path in paths:
        signed = ("GET", path, signatures.good("GET", path))
        assert not is_refused(service.ask([signed])[0], refusal, "GET", path), path
        calls -= len(service.nasa.requests)
        again = service.ask([signed, signed])[:-1]
        calls += len(service.nasa.requests)
        let_in += [path for answer in again if not is_refused(answer, refusal, "GET", path)]
    proof.row(
        "attack-gate",
        demanded=service.settings,
        way=service.way,
        asked="every route, with a good signature for the second and third time",
        requests=2 * len(paths),
        let_in=len(let_in),
        calls_of_NASA=calls,
    )
    assert let_in == []
    assert calls == 0
