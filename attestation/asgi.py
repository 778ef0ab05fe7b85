"""The check for any ASGI application, in three lines.

```python
from attestation.asgi import AttestationMiddleware
from attestation.verifier import RequestVerifier

app = AttestationMiddleware(app, RequestVerifier.of_secrets(secrets))
```

It knows the ASGI specification alone, no framework. Wrap the finished application, not a part of
it, so that no route can be forgotten.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from attestation.claims import Attestation
from attestation.errors import AttestationError
from attestation.request import HttpRequest
from attestation.request_errors import BodyError
from attestation.verifier import RequestVerifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 1024 * 1024
"""Of a signed request, whose body has to be held whole before its digest is known."""

BODY_SECONDS = 10

HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")

REFUSAL = json.dumps({"title": "Unauthorized", "status": 401}).encode()
REFUSAL_HEADERS = (
    (b"content-type", b"application/problem+json"),
    (b"content-length", str(len(REFUSAL)).encode()),
    (b"www-authenticate", b"Approov"),
    (b"cache-control", b"no-store"),
)


class AttestationMiddleware:
    """Lets through what comes from genuine apps, with its `Attestation` in the scope.

    It is found there under ``"attestation"``, which in Starlette and FastAPI is
    ``request.scope["attestation"]``.
    """

    def __init__(
        self,
        app: App,
        verifier: RequestVerifier,
        *,
        origin: str | None = None,
        public: Collection[str] = (),
        refused: Callable[[AttestationError], None] = lambda _: None,
    ) -> None:
        """Guard *app*.

        Args:
            app: what answers once a request is attested.
            verifier: decides.
            origin: scheme and authority that clients use, if not those of the request. Message
                signatures behind a router want it.
            public: exact paths that need no token, such as ``/health``.
            refused: is told of each refusal: its `reason` is for logs, never for the client.
        """
        self._app = app
        self._verifier = verifier
        self._origin = origin
        self._public = frozenset(public)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on, or refuse it."""
        is_public = scope["type"] == "http" and scope["path"] in self._public
        if scope["type"] == "lifespan" or is_public:
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._guard(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive)
        try:
            attestation = await attest(self._verifier, request_of(scope, self._origin), body)
        except AttestationError as refusal:
            self._refused(refusal)
            headers = [*REFUSAL_HEADERS]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})
            return
        scope["attestation"] = attestation
        await self._app(scope, body.receive, send)


class Body:
    """A request's body, which can be read ahead and is then given to the application again."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: bytes | None = None
        self._is_lost = False

    async def read(self) -> bytes:
        """Receive it whole.

        Raises:
            BodyError: it is too long or too slow, or the client went away.
        """
        self._is_lost = True
        try:
            async with asyncio.timeout(BODY_SECONDS):
                self._read = await self._receive_all()
            self._is_lost = False
        except TimeoutError:
            raise BodyError("the body did not come in time") from None
        return self._read

    async def _receive_all(self) -> bytes:
        body, more = bytearray(), True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise BodyError("the client went away before its body was whole")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_BODY_BYTES:
                raise BodyError(f"the body is over {MAX_BODY_BYTES} bytes")
        return bytes(body)

    async def receive(self) -> Message:
        """Give what was read ahead, once, then what else comes; nothing, if only part came."""
        if self._is_lost:
            return {"type": "http.disconnect"}
        if self._read is None:
            return await self._receive()
        body, self._read = self._read, None
        return {"type": "http.request", "body": body, "more_body": False}


async def attest(verifier: RequestVerifier, request: HttpRequest, body: Body) -> Attestation:
    """Verify head and, where signatures are asked for, body.

    Raises:
        AttestationError: by its leaves.
    """
    attestation = verifier.verify_head(request)
    if verifier.needs_body:
        content = await body.read()
        # Receiving it takes time, in which the token may expire or its key be removed.
        attestation = verifier.verify_head(request)
        attestation = await verifier.verify_signature(attestation, request, content)
    return attestation


def request_of(scope: Scope, origin: str | None) -> HttpRequest:
    """Give the request as the verifier wants it.

    Without a configured *origin* the one of the request is taken: scheme and Host, if there is one
    Host and it is nothing but a host. It becomes part of the signed address, so nothing that looks
    like a path may come in by it.
    """
    headers = tuple((bytes(name).lower(), bytes(value)) for name, value in scope["headers"])
    if origin is None:
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        is_host = len(hosts) == 1 and HOST.fullmatch(hosts[0])
        origin = f"{scope.get('scheme', 'http')}://{hosts[0]}" if is_host else ""
    query = scope["query_string"].decode("latin-1")
    return HttpRequest(
        method=scope["method"],
        origin=origin,
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=query or None,
        headers=headers,
    )
