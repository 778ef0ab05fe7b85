"""Bodies of answers, as hosts send them in pieces."""

from collections.abc import AsyncIterator

import httpx


class Body(httpx.AsyncByteStream):
    """A body in pieces, which may break off, and notes how much of it was taken."""

    def __init__(self, *pieces: bytes, then: Exception | None = None) -> None:
        self.pieces = pieces
        self.then = then
        self.taken = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the pieces."""
        for piece in self.pieces:
            self.taken += 1
            yield piece
        if self.then:
            raise self.then

    async def aclose(self) -> None:
        """Be hung up on."""
        self.closed = True
