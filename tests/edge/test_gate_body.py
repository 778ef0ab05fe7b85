"""The body that the gate reads ahead, to verify a signed request."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from astropiks.mint import mint
from astropiks.signer import InstallKey, sign_request
from attestation import asgi
from attestation.asgi import MAX_BODY_BYTES
from attestation.signing import SigningPolicy
from attestation.verifier import Policy, RequestVerifier
from edge.gate import AttestationGate, Paths
from edge.known_paths import KnownPaths
from standin.calendar import SettableClock
from tests.conftest import SECRET, keys

INSTALL = InstallKey()
ORIGIN = "https://proxy.test"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body."""
    try:
        body = (await Request(scope, receive).body()).decode()
    except ClientDisconnect:
        body = "nothing"
    await PlainTextResponse(body)(scope, receive, send)


class Client:
    """Sends messages one by one, and counts how many were taken."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.taken = 0
        self.answer = b""
        self.status = 0

    async def receive(self) -> Message:
        """Send the next message, or nothing for ever."""
        if self.taken == len(self._messages):
            await asyncio.Event().wait()
        self.taken += 1
        return self._messages[self.taken - 1]

    async def send(self, message: Message) -> None:
        """Take the answer."""
        self.status = message.get("status", self.status)
        self.answer += message.get("body", b"")


Ask = Callable[..., Awaitable[None]]


@pytest.fixture
def ask(clock: SettableClock) -> Ask:
    """Post a signed body through the gate."""

    async def post(client: Client, body: bytes, *, monitored: bool = False) -> None:
        policy = Policy(signing=SigningPolicy(mode="required"))
        verifier = RequestVerifier(keys(), policy, clock=clock)
        paths = Paths(frozenset(), KnownPaths([Route("/x", inside)] if monitored else ()))
        guarded = AttestationGate(inside, verifier=verifier, paths=paths, origin=ORIGIN)
        token = {"Approov-Token": mint(SECRET, now=clock.now, install_key=INSTALL.public)}
        signed = sign_request(INSTALL, "POST", f"{ORIGIN}/x", token, now=clock.now, body=body)
        headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/x",
            "raw_path": b"/x",
            "query_string": b"",
            "scheme": "https",
            "headers": headers,
        }
        await guarded(scope, client.receive, client.send)

    return post


def part(body: bytes, *, more: bool = False) -> Message:
    """Make one part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_passed_on(ask: Ask) -> None:
    """The application gets the body that was verified."""
    client = Client(part(b"bo", more=True), part(b"dy"))
    await ask(client, b"body")
    assert (client.status, client.answer) == (200, b"body")


async def test_disconnect(ask: Ask) -> None:
    """A client that goes away before its body is whole is refused."""
    client = Client(part(b"bo", more=True), {"type": "http.disconnect"})
    await ask(client, b"bo")
    assert client.status == 401


async def test_slow(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose body does not come in time."""
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.01)
    client = Client(part(b"bo", more=True))
    await ask(client, b"bo")
    assert client.status == 401


async def test_long(ask: Ask) -> None:
    """A body over the bound is not read to its end."""
    piece = b"x" * (MAX_BODY_BYTES // 2)
    client = Client(*[part(piece, more=True)] * 10)
    await ask(client, piece * 10)
    assert (client.status, client.taken) == (401, 3)


async def test_monitored(ask: Ask) -> None:
    """In monitor mode the application is not given a part for the whole."""
    piece = b"x" * (MAX_BODY_BYTES // 2)
    client = Client(*[part(piece, more=True)] * 10)
    await ask(client, piece * 10, monitored=True)
    assert (client.status, client.answer) == (200, b"nothing")
