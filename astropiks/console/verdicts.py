"""What the gate makes of a request, and why: by its own paths and verifier, but uncounted."""

import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from astropiks.console.own_paths import is_own
from astropiks.explain import words_for
from attestation.claims import Clock
from attestation.errors import AttestationError
from attestation.request import HttpRequest
from attestation.verifier import RequestVerifier
from edge.gate import Paths
from edge.settings import Settings
from edge.verification import keys_of, policy_of


class Decision(StrEnum):
    """What becomes of a request."""

    PUBLIC = "public"
    ACCEPTED = "accepted"
    MONITORED = "monitored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate makes of a request.

    Attributes:
        decision: whether it is let through, and how.
        reason: stable code, if anything is wrong with it.
        lines: what was found and what to do, likewise.
    """

    decision: Decision
    reason: str | None = None
    lines: tuple[str, ...] = ()


class Verdicts:
    """Gives them, as the settings want it."""

    def __init__(self, settings: Settings, paths: Paths, clock: Clock = time.time) -> None:
        self._settings = settings
        self._paths = paths
        self._clock = clock

    async def of(self, request: HttpRequest) -> Verdict:
        """Say what the gate decides on a *request*, which has no body, if it comes now."""
        path = unquote(request.path)
        if path in self._paths.public or is_own(path):
            return Verdict(decision=Decision.PUBLIC)
        try:
            await self._verify(request)
        except AttestationError as refusal:
            monitored = self._paths.monitored.template(path) is not None
            return Verdict(
                decision=Decision.MONITORED if monitored else Decision.REFUSED,
                reason=refusal.reason,
                lines=tuple(words_for(refusal, self._clock())),
            )
        return Verdict(decision=Decision.ACCEPTED)

    async def _verify(self, request: HttpRequest) -> None:
        """Verify it by what has seen no request before: the one that is sent is still a new one."""
        policy = policy_of(self._settings)
        verifier = RequestVerifier(keys_of(self._settings), policy, clock=self._clock)
        attestation = verifier.verify_head(request)
        if verifier.needs_body:
            await verifier.verify_signature(attestation, request, b"")
