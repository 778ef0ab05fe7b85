"""What verifying a token costs, against plain `jwt.decode` and against remembering it.

Run with `make bench`. Exits 1 if a target is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable

import jwt
from rich.console import Console
from rich.table import Table

from astropiks.mint import mint
from attestation.keys import HmacKey, KeyRing
from attestation.token import TokenVerifier

SECRET = bytes(range(64))
ROUNDS = 9
TOKENS = 2000
MAX_RATIO = 1.5
MAX_REMEMBERED_MICROSECONDS = 3.0


def main() -> int:
    """Measure, print, and give the exit status."""
    now = time.time()
    tokens = [mint(SECRET, now=now, expires_in=600 + n).encode() for n in range(TOKENS)]
    keys = KeyRing((HmacKey(SECRET),))
    known = TokenVerifier(keys, clock=time.time)
    for token in tokens:
        known.verify(token)

    def unknown() -> Callable[[bytes], object]:
        return TokenVerifier(keys, clock=time.time).verify

    def remembered() -> Callable[[bytes], object]:
        return known.verify

    def plain() -> Callable[[bytes], object]:
        options: jwt.types.Options = {"require": ["exp"]}
        return lambda token: jwt.decode(token, SECRET, algorithms=["HS256"], options=options)

    rounds: dict[str, list[float]] = {"plain": [], "unknown": [], "remembered": []}
    for _ in range(ROUNDS):
        rounds["plain"].append(_microseconds(plain(), tokens))
        rounds["unknown"].append(_microseconds(unknown(), tokens))
        rounds["remembered"].append(_microseconds(remembered(), tokens))
    plain_us, unknown_us, remembered_us = (statistics.median(times) for times in rounds.values())
    ratio = unknown_us / plain_us
    table = Table("figure", "measured", "target")
    table.add_row("jwt.decode", f"{plain_us:.1f} µs", "")
    table.add_row("unknown token", f"{unknown_us:.1f} µs", "")
    table.add_row("unknown token ÷ jwt.decode", f"{ratio:.2f}", f"≤ {MAX_RATIO}")
    table.add_row(
        "remembered token", f"{remembered_us:.2f} µs", f"< {MAX_REMEMBERED_MICROSECONDS} µs"
    )
    Console().print(table)
    return int(ratio > MAX_RATIO or remembered_us >= MAX_REMEMBERED_MICROSECONDS)


def _microseconds(verify: Callable[[bytes], object], tokens: list[bytes]) -> float:
    """Give the mean time for one token, each as new bytes, as a server would have it."""
    fresh = [bytes(bytearray(token)) for token in tokens]
    began = time.perf_counter()
    for token in fresh:
        verify(token)
    return (time.perf_counter() - began) / len(fresh) * 1e6


if __name__ == "__main__":
    sys.exit(main())
