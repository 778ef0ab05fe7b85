"""Deny by default: everything but a short list of public paths needs an attested app."""

from starlette.types import ASGIApp, Receive, Scope, Send

from attestation.errors import (
    AttestationError,
    EmptyTokenError,
    MalformedTokenError,
    MissingTokenError,
    RepeatedTokenError,
)
from attestation.token import Attestation, TokenVerifier
from edge import logs
from edge.problems import Problem

REFUSED = Problem.of_gateway(
    401,
    "ATTESTATION_REQUIRED",
    "This request does not come from an attested app. Send it from the genuine app, with the "
    "Approov token that its SDK fetched for this host.",
    {"WWW-Authenticate": 'Approov realm="astropiks"'},
)
"""The one answer to every refusal: which check failed is for the log alone."""


class AttestationGate:
    """Wraps a whole application, so that no route can be forgotten.

    A request that passes carries its `Attestation` in the scope under ``"attestation"``.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        verifier: TokenVerifier,
        public_paths: frozenset[str],
        header_name: str,
        header_prefix: str = "",
    ) -> None:
        """Guard *app*.

        Args:
            app: what answers once a request is attested.
            verifier: decides.
            public_paths: exact paths that need no token.
            header_name: the header that carries the token.
            header_prefix: text before the token, such as ``Bearer``.
        """
        self._app = app
        self._verifier = verifier
        self._public_paths = public_paths
        self._header_name = header_name.lower().encode("ascii")
        self._header_prefix = header_prefix.strip().encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] in self._public_paths:
            await self._app(scope, receive, send)
        else:
            try:
                scope["attestation"] = self._attest(scope)
            except AttestationError as refusal:
                logs.note(reason=refusal.reason)
                await REFUSED.response(scope)(scope, receive, send)
                return
            await self._app(scope, receive, send)

    def _attest(self, scope: Scope) -> Attestation:
        values = [value for name, value in scope["headers"] if name == self._header_name]
        if not values:
            raise MissingTokenError("there is no token header")
        if len(values) > 1:
            raise RepeatedTokenError(f"there are {len(values)} token headers")
        value = values[0].strip()
        if not value:
            raise EmptyTokenError("the token header is empty")
        if not value.startswith(self._header_prefix):
            raise MalformedTokenError("the header does not begin with the configured prefix")
        return self._verifier.verify(value.removeprefix(self._header_prefix).lstrip())
