"""Message signatures that any process of the service has seen."""

import hashlib
import math
from typing import Any

from attestation.claims import Clock
from attestation.memory import ProcessReplayStore
from attestation.request_errors import ReplayError
from edge.link import CLOCKS_SECONDS, Link, RedisUnusableError, StrangeReplyError

SEEN, MEMORY, YOUNG = "astropiks:1:seen:", "astropiks:1:memory", "astropiks:1:young"

ADMIT = """
if redis.call('SET', KEYS[2], '1', 'NX') then
  redis.call('SET', KEYS[3], '1', 'EX', ARGV[2])
end
local is_first = redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1])
return {is_first and 1 or 0, redis.call('EXISTS', KEYS[3])}
"""
"""Remembers the signature KEYS[1] for ARGV[1] seconds, and says whether it was new to Redis, and
whether Redis' memory is young: where KEYS[2] was not there, all before it has been lost, and
KEYS[3] stands for ARGV[2] seconds, in which something of that may still be valid."""


class SharedReplayStore:
    """What Redis knows, and besides what this process has seen itself."""

    def __init__(self, clock: Clock, link: Link, longest_seconds: float) -> None:
        """Remember in Redis; no signature is valid for more than *longest_seconds* from now on."""
        self._young_seconds = math.ceil(longest_seconds) + CLOCKS_SECONDS
        self._clock = clock
        self._own = ProcessReplayStore(clock)
        self._link = link

    async def admit(self, signature: bytes, until: float, signer: bytes = b"") -> bool:
        """Remember *signature*; see `attestation.memory.ReplayStore`.

        While Redis cannot be used, or has begun to remember too lately, only what this process has
        seen is refused, and nothing is certain: who needs certainty has to refuse the request.
        """
        await self._own.admit(signature, until, signer)
        keys = (SEEN + hashlib.sha256(signature).hexdigest(), MEMORY, YOUNG)
        seconds = math.ceil(until - self._clock()) + CLOCKS_SECONDS

        async def admit(redis: Any) -> tuple[int, int]:  # noqa: ANN401
            match await redis.eval(ADMIT, len(keys), *keys, seconds, self._young_seconds):
                case [int(is_first), int(is_young)]:
                    return is_first, is_young
            raise StrangeReplyError

        try:
            is_first, is_young = await self._link.call(admit)
        except RedisUnusableError:
            return False
        if not is_first:
            raise ReplayError("the signature has been seen before")
        return not is_young
