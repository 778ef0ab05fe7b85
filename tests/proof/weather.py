"""Faults of NASA that come and go, and which errors of the service they explain."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx

from standin.faults import Fault

SOURCES = ("legacy", "science")

FAULTS = [
    *(Fault.PLACEHOLDER, Fault.SERVER_ERROR, Fault.BAD_GATEWAY, Fault.UNAVAILABLE),
    *(Fault.GATEWAY_TIMEOUT, Fault.GONE, Fault.REDIRECT, Fault.HTML, Fault.EMPTY),
    *(Fault.TRUNCATED, Fault.DROP, Fault.DRIP, Fault.HANG),
]
"""All that end with the spell: a 429 would stop all calls with the key for most of an hour. It has
the last spell, and a flood takes the time of the core that asks."""

WELL = 0.4
"""Of the spells of each source."""

SLOW_SECONDS = (0.0, 0.0, 0.02, 0.3)

DEADLINE_SECONDS = 10.0
"""So long may the calls take that a fault has begun to hold up, and those that wait for these."""

LONGEST_PAUSE_SECONDS = 600.0
"""So long may a source be set aside after a fault."""


@dataclass(slots=True)
class Weather:
    """What has been the matter, and when.

    Attributes:
        url: of the stand-in.
        spells: of each source, beginning and end of each in which it failed, as Unix times.
    """

    url: str
    spells: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {source: [] for source in SOURCES}
    )
    _chance: random.Random = field(
        default_factory=lambda: random.Random(10)  # noqa: S311
    )

    async def change(self, seconds: float, spell: float) -> None:
        """Let faults come and go for so many seconds, each *spell* another; then all is well."""
        end = time.time() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            while (left := end - time.time()) > spell / 2:
                is_last = left < 1.5 * spell
                faults = {"legacy": Fault.OVER_LIMIT} if is_last else self._draw()
                slow = 0 if is_last else self._chance.choice(SLOW_SECONDS)
                now = time.time()
                for source in faults:
                    self.spells[source].append((now, now + left))
                await self._set(client, faults=faults, latency_seconds=slow)
                await asyncio.sleep(min(spell, left))
                for source in faults:
                    # It goes on until the next change has been answered.
                    self.spells[source][-1] = (now, time.time() + 1)
            await self._set(client, faults={}, latency_seconds=0)

    async def _set(self, client: httpx.AsyncClient, **conditions: object) -> None:
        address = f"{self.url}/standin/conditions"
        (await client.patch(address, json=conditions)).raise_for_status()

    def _draw(self) -> dict[str, Fault]:
        return {
            name: self._chance.choice(FAULTS) for name in SOURCES if self._chance.random() > WELL
        }

    def explains(self, status: int, begin: float, end: float) -> bool:
        """Tell whether what failed explains an answer to a request from *begin* to *end*.

        No source can have been of use: each fails, or is set aside because of an earlier fault.
        Of a 502 or 504, which is a call that failed, one must have been failing at the time.
        """
        if status not in {502, 503, 504}:
            return False
        earliest = begin - LONGEST_PAUSE_SECONDS
        no_use = all(_any_in(spells, earliest, end) for spells in self.spells.values())
        failing = any(
            _any_in(spells, begin - DEADLINE_SECONDS, end) for spells in self.spells.values()
        )
        return no_use and (status == 503 or failing)


def _any_in(spells: list[tuple[float, float]], begin: float, end: float) -> bool:
    """Tell whether one of *spells* has a part between *begin* and *end*."""
    return any(since <= end and begin <= until for since, until in spells)
