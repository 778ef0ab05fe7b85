import json

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from astropiks.mint import Invalid, mint
from attestation.claims import Attestation
from attestation.verifier import Policy, RequestVerifier
from edge.gate import AttestationGate, Paths
from standin.calendar import SettableClock
from tests.conftest import SECRET, keys

URL = "https://proxy.test/anything"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the gate let through."""
    attestation = Request(scope)["attestation"] if "attestation" in scope else None
    assert attestation is None or isinstance(attestation, Attestation)
    text = "public" if attestation is None else "attested"
    await PlainTextResponse(text)(scope, receive, send)


def guarded(verifier: RequestVerifier) -> httpx.AsyncClient:
    """Give a client of the guarded application."""
    gate = AttestationGate(inside, verifier=verifier, paths=Paths(frozenset({"/livez"})))
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate))


async def test_attested(requests: RequestVerifier, token: str) -> None:
    """A genuine token opens the gate, and its claims travel in the scope."""
    async with guarded(requests) as client:
        answer = await client.get(URL, headers={"Approov-Token": token})
    assert answer.text == "attested"


async def test_public(requests: RequestVerifier) -> None:
    """A public path needs no token."""
    async with guarded(requests) as client:
        assert (await client.get("https://proxy.test/livez")).text == "public"


@pytest.mark.parametrize(
    "path", ["/livez/", "/LIVEZ", "/livez/x", "//livez", "/livez;x", "/x?/livez"]
)
async def test_nearly_public(requests: RequestVerifier, path: str) -> None:
    """Only the exact path is public; nothing that looks like it is."""
    async with guarded(requests) as client:
        answer = await client.request("GET", httpx.URL(f"https://proxy.test{path}"))
    assert answer.status_code == 401


def refused_headers(clock: SettableClock) -> dict[str, list[tuple[bytes, bytes]]]:
    """Give token headers that must not open the gate, by what is wrong with them."""
    good = mint(SECRET, now=clock.now).encode()
    bad = {
        invalid.value: [(b"approov-token", mint(SECRET, now=clock.now, invalid=invalid).encode())]
        for invalid in Invalid
    }
    return {
        **bad,
        "none": [],
        "empty": [(b"approov-token", b"")],
        "blank": [(b"approov-token", b"  ")],
        "twice": [(b"approov-token", good), (b"Approov-Token", good)],
        "good, then empty": [(b"approov-token", good), (b"approov-token", b"")],
        "in a list": [(b"approov-token", good + b", " + good)],
        "with prefix": [(b"approov-token", b"Bearer " + good)],
        "other header": [(b"authorization", b"Bearer " + good)],
        "oversized": [(b"approov-token", good + b"a" * 60_000)],
        "not ASCII": [(b"approov-token", "tökén".encode())],
        "quoted": [(b"approov-token", b'"' + good + b'"')],
    }


async def test_one_answer(requests: RequestVerifier, clock: SettableClock) -> None:
    """Whatever is wrong, the refusal is the same to the byte, headers included."""
    async with guarded(requests) as client:
        answers = {
            kind: await client.get(URL, headers=headers)
            for kind, headers in refused_headers(clock).items()
        }
    assert {answer.status_code for answer in answers.values()} == {401}
    assert len({answer.content for answer in answers.values()}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers.values()}) == 1


async def test_challenge(requests: RequestVerifier) -> None:
    """RFC 9110 section 11.6.1: a 401 says how to authenticate; and it is never stored."""
    async with guarded(requests) as client:
        answer = await client.get(URL)
    assert answer.headers["WWW-Authenticate"].startswith("Approov ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "BREW"])
async def test_methods(requests: RequestVerifier, method: str) -> None:
    """No method goes round the gate, preflights included."""
    async with guarded(requests) as client:
        assert (await client.request(method, URL)).status_code == 401


@pytest.mark.parametrize(
    ("prefix", "value", "status"),
    [
        ("Bearer", "Bearer {}", 200),
        ("Bearer ", "Bearer {}", 200),
        ("Bearer", "{}", 401),
        ("Bearer", "Basic {}", 401),
        ("Bearer", "Bearer", 401),
        ("Bearer", "bearer {}", 200),
        ("bearer", "BEARER  {}", 200),
        ("Bearer", "Bearer{}", 401),
        ("", "{}", 200),
    ],
)
async def test_prefix(
    clock: SettableClock, token: str, prefix: str, value: str, status: int
) -> None:
    """The token may travel in another header, behind a prefix that is then required."""
    policy = Policy(token_header="authorization", token_prefix=prefix)
    headers = {"Authorization": value.format(token)}
    async with guarded(RequestVerifier(keys(), policy, clock=clock)) as client:
        assert (await client.get(URL, headers=headers)).status_code == status


async def test_websocket(requests: RequestVerifier) -> None:
    """Other protocols than HTTP are closed, never passed on."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    gate = AttestationGate(inside, verifier=requests, paths=Paths(frozenset({"/livez"})))
    await gate({"type": "websocket", "path": "/livez", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_envelope(requests: RequestVerifier) -> None:
    """The refusal is a problem document and NASA's gateway's error at once."""
    async with guarded(requests) as client:
        body = json.loads((await client.get(f"{URL}?api_key=x")).content)
    assert body["status"] == 401
    assert body["error"]["code"] == "ATTESTATION_REQUIRED"
    assert body["instance"] == "/anything"
