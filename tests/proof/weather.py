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
        spells: beginning and end of each in which something failed, as Unix times.
    """

    url: str
    spells: list[tuple[float, float]] = field(default_factory=list)
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
                if faults:
                    self.spells.append((time.time(), time.time() + left))
                await self._set(client, faults=faults, latency_seconds=slow)
                await asyncio.sleep(min(spell, left))
                if faults:
                    # It goes on until the next change has been answered.
                    self.spells[-1] = (self.spells[-1][0], time.time() + 1)
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

        A 502 or 504 is a call that failed: a fault must have been there at the time. A 503 may
        also come of a source that is set aside because of an earlier one.
        """
        if status not in {502, 503, 504}:
            return False
        before = LONGEST_PAUSE_SECONDS if status == 503 else DEADLINE_SECONDS
        return any(since <= end and begin - before <= until for since, until in self.spells)
