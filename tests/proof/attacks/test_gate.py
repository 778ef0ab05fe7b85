"""Nothing but the public paths answers without a good token: every way of asking, on real sockets.

Each on the fast path and on the long way, which have to look alike from outside.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import httpx
import pytest

from astropiks.apps import Application, create_app
from astropiks.server import serving
from standin.app import StandIn
from tests.conftest import EVERYTHING, NASA_KEY, make_settings
from tests.gateways.verdicts import BINDINGS, TOKENS, Case, Fields
from tests.proof.attacks.routes import METHODS, OWN_TOKEN, UNKNOWN, disguised, is_public, paths
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


def refused(settings: str) -> Sequence[Case]:
    """Give the requests that must not pass: where signatures count, all that are unsigned."""
    demanded, cases = SETTINGS[settings]
    if demanded is SIGNING:
        return list(cases.values())
    if demanded is BINDING:  # good tokens that are bound to nothing
        return [
            case for name, case in cases.items() if name in TOKENS or case.verdict != "accepted"
        ]
    return [case for case in cases.values() if case.verdict != "accepted"]


@dataclass(frozen=True, slots=True)
class Service:
    """A service with all of its routes.

    Attributes:
        port: where it listens.
        nasa: what it asks.
        paths: one for each of its routes.
        settings: what it demands.
        way: which requests take.
        bad: requests that it must not let pass, taken in turn.
    """

    port: int
    nasa: StandIn
    paths: Sequence[str]
    settings: str
    way: str
    bad: Iterator[Fields]

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
    cases = refused(name)
    bad = (cases[number % len(cases)].fields() for number in count())
    with serving(app) as url:
        port = int(url.rpartition(":")[2])
        yield Service(port, nasa, paths(settings), name, way, bad)


def looks(answer: Answer) -> tuple[int, object, object]:
    """Give all of a refusal by which it could tell something."""
    fields = [(name, value) for name, value in answer.fields if name not in OWN]
    members = json.loads(answer.body) if answer.body else {}
    return answer.status, fields, {**members, "instance": ""}


def test_every_route(service: Service, proof: Record) -> None:
    """Every path and method is refused, whatever is wrong, and all refusals look alike."""
    targets = [path for path in [*service.paths, *UNKNOWN] if not is_public(path)]
    each = len(refused(service.settings)) if IS_WHOLE else scaled(1, 0)
    asked = 0
    (refusal,) = service.ask([("GET", "/x", [])])[:-1]
    for path in targets:
        requests = [(method, path, next(service.bad)) for method in METHODS for _ in range(each)]
        *answers, last = service.ask(requests)
        assert (last.status, len(answers)) == (200, len(requests))
        asked += len(requests)
        for (method, *_), answer in zip(requests, answers, strict=True):
            if path == OWN_TOKEN:
                assert answer.status == (401 if method in {"GET", "HEAD"} else 405)
                assert b"astropiks_" not in answer.body
                continue
            if method == "HEAD":
                answer = replace(answer, body=refusal.body)  # noqa: PLW2901
            assert looks(answer) == looks(refusal), (method, path)
            assert json.loads(answer.body)["instance"] in {path, "/x"}
    assert service.nasa.requests == []
    proof.row(
        "attack-gate",
        demanded=service.settings,
        way=service.way,
        asked="every route and unknown path, every method, every bad token",
        requests=asked,
        let_in=0,
        calls_of_NASA=len(service.nasa.requests),
    )


def test_every_disguise(service: Service, proof: Record) -> None:
    """However a path is written, it is public only if it is one of the public ones."""
    targets = [target for path in service.paths for target in disguised(path)]
    (refusal,) = service.ask([("GET", "/x", [])])[:-1]
    public = 0
    for target in targets[:: scaled(23, 1)]:
        answer, last = service.ask([("GET", target, next(service.bad))])
        assert last.status == 200
        if is_public(target):
            assert answer.status == 200, target
            public += 1
        elif b"METRICS_TOKEN" in answer.body:
            assert answer.status == 401
        else:
            assert looks(answer) == looks(refusal), target
    assert service.nasa.requests == []
    assert public
    proof.row(
        "attack-gate",
        demanded=service.settings,
        way=service.way,
        asked="every route in disguise: dots, slashes, escapes, whole addresses",
        requests=len(targets[:: scaled(23, 1)]),
        let_in=0,
        calls_of_NASA=len(service.nasa.requests),
    )


def test_public(service: Service) -> None:
    """The public paths answer, whatever token comes with it."""
    for path in service.paths:
        answer = service.ask([("GET", path, next(service.bad))])[0]
        assert (answer.status == 200) == is_public(path), path


def test_good(service: Service) -> None:
    """With what is demanded each route lets one in: the refusals above are the gate's."""
    cases = TOKENS if service.settings == "token" else BINDINGS
    good = [case for case in cases.values() if case.verdict == "accepted"]
    if service.settings == "token and message signature":
        assert service.ask([("GET", "/x", good[0].fields())])[0].status == 401
        return
    for path in service.paths:
        for case in good:
            answer = service.ask([("GET", path, case.fields())])[0]
            assert (answer.status == 401) == (path == OWN_TOKEN), path
