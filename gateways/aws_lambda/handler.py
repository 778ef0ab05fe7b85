"""The function that API Gateway calls: ``gateways.aws_lambda.handler.handle``."""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from attestation.claims import Attestation, Clock
from attestation.errors import AttestationError, MissingTokenError
from attestation.verifier import RequestVerifier
from gateways.aws_lambda import answers, events, settings
from gateways.aws_lambda.answers import Answer
from gateways.aws_lambda.events import Question
from gateways.aws_lambda.remembered_keys import LOGGER, RememberedKeys, Secret
from gateways.aws_lambda.secrets_manager import StoredSecret
from gateways.aws_lambda.settings import Settings

if TYPE_CHECKING:
    from attestation.keys import KeyRing


class UnauthorizedError(Exception):
    """A REST API's request has no token: with exactly this text, API Gateway answers 401."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@dataclass(frozen=True, slots=True)
class GivenSecret:
    """One that stands in the environment."""

    text: str

    def read(self) -> str:
        """Give it."""
        return self.text


class Authorizer:
    """Answers what API Gateway asks; for one request at a time, as Lambda calls it."""

    def __init__(self, options: Settings, secret: Secret, *, clock: Clock = time.time) -> None:
        self._options = options
        self._clock = clock
        self._keys = RememberedKeys(secret, clock=clock, seconds=options.secret_seconds)
        self._verifying: tuple[KeyRing, RequestVerifier] | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Make the one that the function's variables describe.

        Raises:
            SettingsError: they do not suffice.
        """
        options = settings.read(environ)
        if options.secret_id is not None:
            return cls(options, StoredSecret(options.secret_id, options.secret_member))
        return cls(options, GivenSecret(options.secret or ""))

    def answer(self, event: object) -> Answer:
        """Answer; any *event* that can be is either allowed or refused.

        Raises:
            UnauthorizedError: there is no token, and a REST API asks.
            NoKeysError: the secret cannot be had. The app gets 500, which no cache remembers: a
                refusal would say that it is not genuine.
        """
        question = events.parse(event, self._options.policy.token_header)
        try:
            return self._answer(question, self._verifier().verify_head(question.request))
        except AttestationError as error:
            LOGGER.info("refused: %s", error.reason)
            if isinstance(error, MissingTokenError) and question.kind == "rest":
                raise UnauthorizedError from None
            return self._answer(question, None)

    def _answer(self, question: Question, attestation: Attestation | None) -> Answer:
        if question.kind == "http-2.0" and self._options.answers == "simple":
            return answers.simple(attestation)
        return answers.policy(attestation, question.arn)

    def _verifier(self) -> RequestVerifier:
        """Give the one with the keys in force; what removed keys have verified is forgotten."""
        keys = self._keys.current()
        if self._verifying is None or self._verifying[0] is not keys:
            verifier = RequestVerifier(keys, self._options.policy, clock=self._clock)
            self._verifying = (keys, verifier)
        return self._verifying[1]


@cache
def _authorizer() -> Authorizer:
    LOGGER.setLevel(logging.INFO)
    return Authorizer.from_environment(os.environ)


def handle(event: Any, _context: object) -> Answer:  # noqa: ANN401  (any JSON)
    """Answer API Gateway."""
    return _authorizer().answer(event)
