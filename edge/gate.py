"""Deny by default: everything but a short list of public paths needs an attested app."""

from dataclasses import replace
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from attestation.asgi import Body, attest, request_of
from attestation.claims import Attestation
from attestation.errors import AttestationError, MissingTokenError, VerificationFailureError
from attestation.request import HttpRequest
from attestation.verifier import RequestVerifier
from edge import logs, metrics
from edge.attest import Questions, is_question
from edge.known_paths import KnownPaths
from edge.problems import Problem
from edge.rate_limit import OVER_RATE_LIMIT, RejectedLimit

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
        questions: Questions = Questions(),  # noqa: B008  (the same)
    ) -> None:
        """Guard *app*.

        Args:
            app: what answers once a request is attested.
            verifier: decides.
            paths: the exceptions.
            refusals: how to refuse.
            origin: scheme and authority that clients use, if not those of the request.
            rejected: how many refusals an address gets with their own status.
            questions: say which request is decided on when a gateway asks.
        """
        self._app = app
        self._verifier = verifier
        self._paths = paths
        self._refusals = refusals
        self._origin = origin
        self._rejected = rejected
        self._questions = questions

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
        body = Body(receive)
        try:
            request = self._questions.subject(request_of(scope, self._origin), scope)
            scope["attestation"] = await attest(self._verifier, request, body)
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

    async def _refuse(
        self, refusal: AttestationError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        problem = await self._rejected.objection(scope) if self._rejected else None
        if problem is not None:
            logs.note(reason=OVER_RATE_LIMIT, detail="rejected")
        problem = problem or self._refusals.problem(refusal)
        if told := self._questions.told(refusal, scope):
            problem = replace(problem, headers={**problem.headers, **told})
        await problem.response(scope["path"])(scope, receive, send)

    def decide_here(self, request: HttpRequest, host: str) -> Attestation | Refused | None:
        """Decide on a request from *host* without waiting for anything, for the fast path.

        Only a refusal is counted here. None: that is for the long way, and nothing has been
        counted.
        """
        is_special = request.path in self._paths.public or is_question(request.path)
        if is_special or self._verifier.needs_body:
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
