"""The middleware for anybody's ASGI application, and the examples that show it."""

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from attestation.asgi import AttestationMiddleware, Message, Receive, Scope, Send
from attestation.errors import AttestationError
from attestation.keys import InvalidKeyError
from attestation.verifier import RequestVerifier
from tests.attestation.test_keys import SAMPLES
from tests.gateways.asgi import send
from tests.gateways.middleware import SECRET_TEXT, serving
from tests.gateways.verdicts import TOKEN, signed
from tests.processes import ROOT

EXAMPLES = ROOT / "gateways" / "asgi"


def test_difference() -> None:
    """To protect a server takes three lines more than before, and binding one argument."""
    names = ("unprotected", "with_token", "with_binding")
    plain, token, binding = ((EXAMPLES / f"{name}.py").read_text().splitlines() for name in names)
    assert len(added(plain, token)) <= 5
    assert len(added(token, binding)) <= 4


def added(before: list[str], after: list[str]) -> list[str]:
    """Give the lines of code that are new."""
    lines = difflib.ndiff(before, after)
    return [
        line for line in lines if line.startswith("+ ") and line.strip("+ ") and '"""' not in line
    ]


@pytest.mark.parametrize(
    ("module", "statuses"),
    [("unprotected", [200, 200]), ("with_token", [401, 200]), ("with_binding", [401, 401])],
)
def test_examples(tmp_path: Path, module: str, statuses: list[int]) -> None:
    """Each example runs and does what it says, without a token and with one that is not bound."""
    with serving(module, tmp_path) as host:
        asked: Iterable[list[tuple[str, str]]] = ([], [(TOKEN, signed())])
        assert [send(host, fields, "GET", "/") for fields in asked] == statuses


async def test_fastapi() -> None:
    """A FastAPI application finds the attestation in the scope; what is public needs none."""
    app = FastAPI()

    @app.get("/device")
    async def device(request: Request) -> dict[str, Any]:
        return {"device": request.scope["attestation"].device_id}

    @app.get("/health")
    async def health() -> str:
        return "ok"

    reasons: list[str] = []

    def note(refusal: AttestationError) -> None:
        reasons.append(refusal.reason)

    verifier = RequestVerifier.of_secrets(SECRET_TEXT)
    guarded = AttestationMiddleware(app, verifier, public={"/health"}, refused=note)
    transport = httpx.ASGITransport(guarded)
    async with httpx.AsyncClient(transport=transport, base_url="https://a.test") as client:
        answers = [
            await client.get("/device", headers={TOKEN: signed()}),
            await client.get("/health"),
            await client.get("/device"),
            await client.get("/nowhere"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 401]
    assert answers[0].json() == {"device": "ZGV2aWNl"}
    assert answers[2].headers["WWW-Authenticate"] == "Approov"
    assert json.loads(answers[2].content)["status"] == 401
    assert reasons == ["token_missing"] * 2


async def test_other_scopes() -> None:
    """A web socket is refused, since it has no attested way in; the lifespan passes."""
    seen: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def keep(message: Message) -> None:
        sent.append(message)

    guarded = AttestationMiddleware(app, RequestVerifier.of_secrets(SECRET_TEXT))
    for kind in ("lifespan", "websocket"):
        await guarded({"type": kind}, receive, keep)
    assert seen == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_published_secret(sample: str) -> None:
    """A secret that everybody knows is refused, as everywhere but in development."""
    with pytest.raises(InvalidKeyError, match="everybody"):
        RequestVerifier.of_secrets(sample)
