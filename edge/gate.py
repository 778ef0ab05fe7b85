"""Deny by default: everything but a short list of public paths needs an attested app."""

import asyncio
import re
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attestation.claims import Attestation
from attestation.errors import AttestationError, MissingTokenError, VerificationFailureError
from attestation.request import HttpRequest
from attestation.request_errors import BodyError
from attestation.verifier import RequestVerifier
from edge import logs, metrics
from edge.known_paths import KnownPaths
from edge.problems import Problem
from edge.rate_limit import OVER_RATE_LIMIT, RejectedLimit

MAX_SIGNED_BODY_BYTES = 1024 * 1024
"""A body has to be held whole before its digest is known."""

BODY_SECONDS = 10

HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")

MESSAGE = (
    "This request does not come from an attested app. Send it from the genuine app, with the "
    "Approov token that its SDK fetched for this host."
)
CHALLENGE = {"WWW-Authenticate": 'Approov realm="astropiks"'}


class Paths(NamedTuple):
    """Paths that are treated otherwise than the rest.

    Attributes:
        public: exact ones, which need no token.
        monitored: are checked, but answer even so; the decision is logged and counted.
    """

    public: frozenset[str]
    monitored: KnownPaths = KnownPaths()


class Refusals(NamedTuple):
    """Status codes for requests without a token, and for those with a bad one."""

    missing: int = 401
    invalid: int = 401

    def problem(self, refusal: AttestationError) -> Problem:
        """Give the answer, which says nothing of the reason."""
        status = self.missing if isinstance(refusal, MissingTokenError) else self.invalid
        headers = CHALLENGE if status == 401 else {}
        return Problem.of_gateway(status, "ATTESTATION_REQUIRED", MESSAGE, headers)


class Refused(NamedTuple):
    """A request that has been refused, and counted as such.

    Attributes:
        problem: the answer.
        reason: stable code, for the log alone.
        detail: more of it, likewise.
    """

    problem: Problem
    reason: str
    detail: str


class AttestationGate:
    """Wraps a whole application, so that no route can be forgotten.

    A request that passes carries its `Attestation` in the scope under ``"attestation"``; None, if
    it is only monitored. All that are refused get the same answer: which check failed is for the
    log alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        verifier: RequestVerifier,
        paths: Paths,
        refusals: Refusals = Refusals(),  # noqa: B008  (a frozen value)
        origin: str | None = None,
        rejected: RejectedLimit | None = None,
    ) -> None:
        """Guard *app*.

        Args:
            app: what answers once a request is attested.
            verifier: decides.
            paths: the exceptions.
            refusals: how to refuse.
            origin: scheme and authority that clients use, if not those of the request.
            rejected: how many refusals an address gets with their own status.
        """
        self._app = app
        self._verifier = verifier
        self._paths = paths
        self._refusals = refusals
        self._origin = origin
        self._rejected = rejected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] in self._paths.public:
            await self._app(scope, receive, send)
        else:
            await self._guard(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive)
        try:
            scope["attestation"] = await self._attest(scope, body)
        except AttestationError as refusal:
            scope["attestation"] = None
            monitored = self._paths.monitored.template(scope["path"]) is not None
            _report(refusal, "monitored" if monitored else "refused")
            if not monitored:
                await self._refuse(refusal, scope, receive, send)
                return
        else:
            metrics.count_attestation("accepted")
        await self._app(scope, body.receive, send)

    async def _attest(self, scope: Scope, body: "_Body") -> Attestation:
        request = request_of(scope, self._origin)
        attestation = self._verifier.verify_head(request)
        if self._verifier.needs_body:
            content = await body.read()
            # Receiving it takes time, in which the token may expire or its key be removed.
            attestation = self._verifier.verify_head(request)
            attestation = await self._verifier.verify_signature(attestation, request, content)
        return attestation

    async def _refuse(
        self, refusal: AttestationError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        problem = await self._rejected.objection(scope) if self._rejected else None
        if problem is not None:
            logs.note(reason=OVER_RATE_LIMIT, detail="rejected")
        problem = problem or self._refusals.problem(refusal)
        await problem.response(scope["path"])(scope, receive, send)

    def decide_here(self, request: HttpRequest, host: str) -> Attestation | Refused | None:
        """Decide on a request from *host* without waiting for anything, for the fast path.

        Only a refusal is counted here. None: that is for the long way, and nothing has been
        counted.
        """
        if request.path in self._paths.public or self._verifier.needs_body:
            return None
        try:
            return self._verifier.verify_head(request)
        except VerificationFailureError:
            return None
        except AttestationError as refusal:
            if self._paths.monitored.template(request.path) is not None:
                return None
            metrics.count_attestation("refused", refusal.reason)
            too_many = self._rejected.objection_here(host) if self._rejected else None
            if too_many is not None:
                return Refused(too_many, OVER_RATE_LIMIT, "rejected")
            return Refused(self._refusals.problem(refusal), refusal.reason, refusal.detail)


def _report(refusal: AttestationError, decision: metrics.Decision) -> None:
    """Count a refusal, and tell of it in the request's line of the log."""
    metrics.count_attestation(decision, refusal.reason)
    logs.note(reason=refusal.reason, detail=refusal.detail, outcome=decision)
    if isinstance(refusal, VerificationFailureError):
        logs.log("error", "verification_failure")


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
        origin = f"{scope['scheme']}://{hosts[0]}" if is_host else ""
    query = scope["query_string"].decode("latin-1")
    return HttpRequest(
        method=scope["method"],
        origin=origin,
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=query or None,
        headers=headers,
    )


class _Body:
    """The request's body, which can be read ahead and is then given to the application again."""

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
            if len(body) > MAX_SIGNED_BODY_BYTES:
                raise BodyError(f"the body is over {MAX_SIGNED_BODY_BYTES} bytes")
        return bytes(body)

    async def receive(self) -> Message:
        """Give what was read ahead, once, then what else comes; nothing, if only part came."""
        if self._is_lost:
            return {"type": "http.disconnect"}
        if self._read is None:
            return await self._receive()
        body, self._read = self._read, None
        return {"type": "http.request", "body": body, "more_body": False}
