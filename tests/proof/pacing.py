"""Many connections that ask at a given pace, or as fast as they are answered."""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import cast

TICK_SECONDS = 0.001
PART_SECONDS = 0.05
MOST_CONNECTIONS = 300
"""To one port. While NASA hangs, each request for a cold date keeps one for ten seconds."""

OVERTIME_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, without any decoding, and from which port."""

    port: int
    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Give a header's value; *name* in the lower case in which the service sends it."""
        begin = self.head.lower().find(b"\r\n" + name + b": ")
        if begin < 0:
            return b""
        begin += len(name) + 4
        return self.head[begin : self.head.find(b"\r\n", begin)]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        kind: for the count.
        sent: all of it.
        check: says what is wrong with its answer; takes it, when it was sent, and when it had come.
    """

    kind: str
    sent: bytes
    check: Callable[[Answer, float, float], str | None]


@dataclass(slots=True)
class Came:
    """What came of a load.

    Attributes:
        seconds: which each answer took, from when it was due to be asked for.
        slowest: the same of the slowest of each kind.
        counts: answers by kind.
        wrong: what was wrong, with answers or connections.
        left_out: requests that were due, and not made.
    """

    seconds: list[float] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    left_out: int = 0

    def p99(self) -> float:
        """Give the seconds within which 99 of 100 were answered; what was left out never was."""
        place = int((len(self.seconds) + self.left_out) * 0.99)
        return sorted(self.seconds)[place] if place < len(self.seconds) else math.inf


class Line(asyncio.Protocol):
    """One connection that is kept alive."""

    def __init__(self, pool: "Pool", port: int) -> None:
        self._pool = pool
        self._port = port
        self._received = bytearray()
        self._ask: Ask | None = None
        self._due = self._sent = 0.0
        self._length = -1
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not derived from it

    def send(self, ask: Ask, due: float) -> None:
        """Ask; nothing else is under way here."""
        assert self._transport
        self._ask, self._due, self._sent = ask, due, time.time()
        self._transport.write(ask.sent)

    def close(self) -> None:
        """Hang up."""
        assert self._transport
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Collect, until all is there."""
        self._received += data
        if self._length < 0:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._length = end + 4 + _body_length(bytes(self._received[:end]))
        if len(self._received) < self._length:
            return
        received, self._length = bytes(self._received), -1
        self._received.clear()
        head, _, body = received.partition(b"\r\n\r\n")
        ask, self._ask = self._ask, None
        if ask is None:
            self._pool.came.wrong.append(f"an answer to nothing: {head[:80]!r}")
            return
        now = time.time()
        answer = Answer(self._port, int(head[9:12]), head + b"\r\n", body)
        self._pool.take(ask, ask.check(answer, self._sent, now), now - self._due)
        self._pool.release(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Be replaced."""
        self._pool.lost(self, self._ask)


def _body_length(head: bytes) -> int:
    """Give the length of the body (RFC 9112 section 6.3)."""
    if head[9:12] in {b"204", b"304"}:
        return 0
    begin = head.lower().index(b"\r\ncontent-length: ") + 18
    return int(head[begin:].partition(b"\r\n")[0])


class Pool:
    """Connections to some ports, each request on the one that has been idle for the shortest time.

    Attributes:
        came: what has come so far; may be replaced by an empty one.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.came = Came()
        self._ports = cycle(ports)
        self._idle: list[Line] = []
        self._open: set[Line] = set()
        self._is_idle = asyncio.Event()
        self._opening = 0
        self._waiting: deque[tuple[Ask, float]] = deque()
        self._under_way = 0
        self._is_closed = False
        self._refill: Callable[[], Ask] | None = None

    async def add(self, number: int) -> None:
        """Open so many connections more, evenly to all ports."""
        loop = asyncio.get_running_loop()
        for _ in range(number):
            port = next(self._ports)
            made = partial(Line, self, port)
            _, line = await loop.create_connection(made, "127.0.0.1", port)
            self._open.add(line)
            self.release(line)

    def send(self, ask: Ask, due: float) -> None:
        """Ask as soon as a connection is idle."""
        self._under_way += 1
        if self._idle:
            self._idle.pop().send(ask, due)
            return
        self._waiting.append((ask, due))
        if self._opening + len(self._open) < MOST_CONNECTIONS and self._opening < len(
            self._waiting
        ):
            self._opening += 1
            asyncio.get_running_loop().create_task(self._add_one())

    async def _add_one(self) -> None:
        try:
            await self.add(1)
        finally:
            self._opening -= 1

    def release(self, line: Line) -> None:
        """Have the next request sent by an idle connection."""
        if self._waiting:
            line.send(*self._waiting.popleft())
        elif self._refill is not None:
            self._under_way += 1
            line.send(self._refill(), time.time())
        else:
            self._idle.append(line)
            self._is_idle.set()

    def take(self, ask: Ask, wrong: str | None, seconds: float) -> None:
        """Note what came of a request."""
        self._under_way -= 1
        came = self.came
        came.seconds.append(seconds)
        came.counts[ask.kind] = came.counts.get(ask.kind, 0) + 1
        came.slowest[ask.kind] = max(seconds, came.slowest.get(ask.kind, 0.0))
        if wrong:
            came.wrong.append(f"{ask.kind}: {wrong}")

    def lost(self, line: Line, ask: Ask | None) -> None:
        """Note that a connection is gone; with a request on it, that is a failure."""
        self._open.discard(line)
        if line in self._idle:
            self._idle.remove(line)
        if ask is not None and not self._is_closed:
            self._under_way -= 1
            self.came.wrong.append(f"{ask.kind}: the connection was lost")

    async def pace(self, make: Callable[[], Ask], rate: float, seconds: float) -> None:
        """Ask at times that have nothing to do with the answers, *rate* times a second.

        Those that would wait behind all of a second's are left out: the machine cannot do it.
        """
        chance = random.Random(1)  # noqa: S311
        due = begin = time.time()
        while due < begin + seconds:
            now = time.time()
            while due <= now and due < begin + seconds:
                if len(self._waiting) < rate:
                    self.send(make(), due)
                else:
                    self.came.left_out += 1
                due += chance.expovariate(rate)
            await asyncio.sleep(TICK_SECONDS)
        await self.settle()

    async def flood(
        self, make: Callable[[], Ask], lines: int, seconds: float, most: float = math.inf
    ) -> float:
        """Ask again as soon as an answer has come; give the answers a second.

        Ends after so many *seconds*, or when *most* have come.
        """
        await self.add(lines - len(self._idle))
        before = len(self.came.seconds)
        begin = time.time()
        self._refill = make
        for line in self._idle[:]:
            self._idle.remove(line)
            self.release(line)
        for _ in range(math.ceil(seconds / PART_SECONDS)):
            if len(self.came.seconds) >= before + most:
                break
            await asyncio.sleep(PART_SECONDS)
        self._refill = None
        rate = (len(self.came.seconds) - before) / (time.time() - begin)
        await self.settle()
        return rate

    async def one_idle(self) -> None:
        """Wait until a connection is idle."""
        while not self._idle:
            self._is_idle.clear()
            await self._is_idle.wait()

    async def settle(self) -> None:
        """Wait until all is answered."""
        end = time.time() + OVERTIME_SECONDS
        while self._under_way:
            if time.time() > end:
                raise AssertionError(f"{self._under_way} requests are not answered")
            await asyncio.sleep(0.01)

    async def aclose(self) -> None:
        """Hang up everywhere."""
        self._is_closed = True
        for line in [*self._open]:
            line.close()
        await asyncio.sleep(0.1)  # the loop closes them after this turn
