"""Values in memory, for a while: so that a source is asked rarely, and may be away for a time."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import SecretStr

from attestation.claims import Clock
from edge import logs
from edge.flight import SingleFlight
from secrets_service.catalog import Version
from secrets_service.errors import SourceError

READ_SECONDS = 5.0
"""For one reading of a source."""

RETRY_SECONDS = 10
"""How long a source that failed is left alone, while the last good value is served."""


@dataclass(frozen=True, slots=True)
class Held:
    """One value.

    Attributes:
        value: it.
        read_at: when it was read, Unix time in seconds.
        ask_at: when to ask its source again.
    """

    value: SecretStr = field(repr=False)
    read_at: float
    ask_at: float


class Vault:
    """Holds the values of versions."""

    def __init__(self, clock: Clock, *, hold_seconds: float, stale_seconds: float) -> None:
        """Hold nothing yet.

        Args:
            clock: the present.
            hold_seconds: for which a value is given out without asking its source.
            stale_seconds: for how much longer it is, if the source fails.
        """
        self._clock = clock
        self._hold_seconds = hold_seconds
        self._stale_seconds = stale_seconds
        self._held: dict[Version, Held] = {}
        self._flights: SingleFlight[Version, SecretStr] = SingleFlight()

    async def aclose(self) -> None:
        """Give up what is under way, and forget everything."""
        await self._flights.aclose()
        self._held.clear()

    async def value(self, version: Version) -> SecretStr:
        """Give the value of *version*; of many who ask at once, one asks the source.

        Raises:
            SourceError: the source failed, and nothing is held that may still be given out.
        """
        now = self._clock()
        held = self._held.get(version)
        if held and held.read_at <= now < held.ask_at:
            return held.value
        task, _ = self._flights.join(version, partial(self._read, version))
        return await asyncio.shield(task)

    def keep_only(self, versions: Iterable[Version]) -> None:
        """Forget the values of all others: they have been rotated out."""
        kept = set(versions)
        self._held = {version: held for version, held in self._held.items() if version in kept}

    async def _read(self, version: Version) -> SecretStr:
        now = self._clock()
        try:
            async with asyncio.timeout(READ_SECONDS):
                value = await version.source.read()
        except (SourceError, TimeoutError) as error:
            reason = str(error) if isinstance(error, SourceError) else "it took too long"
            logs.log("warning", "secret_source_failed", reason=reason)
            held = self._held.get(version)
            if held is None or not held.read_at <= now < self._end(held):
                self._held.pop(version, None)
                raise SourceError(reason) from None
            self._held[version] = replace(held, ask_at=min(now + RETRY_SECONDS, self._end(held)))
            return held.value
        self._held[version] = Held(value, now, now + self._hold_seconds)
        return value

    def _end(self, held: Held) -> float:
        return held.read_at + self._hold_seconds + self._stale_seconds
