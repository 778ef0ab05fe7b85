"""An answer of NASA's whose body is passed on as it comes: bounded, and never held whole."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx

from proxy.errors import SourceInvalidError
from proxy.sources.client import DEADLINE_SECONDS, translated_errors
from proxy.sources.headers import whole_number

MAX_DIGITS = 12

PLAIN = re.compile(r"[\t -~]*")


@dataclass(frozen=True, slots=True)
class Stream:
    """A status, headers, and a body still to come.

    Attributes:
        status: HTTP status.
        headers: headers as received, as far as they can be passed on.
        max_bytes: how much of a body is passed on.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    max_bytes: int
    _response: httpx.Response = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes; the next piece is read once this one has been taken.

        Raises:
            SourceError: it broke off, stalled, or is longer than `max_bytes`.
        """
        count = 0
        async with translated_errors():
            async for chunk in self._response.aiter_raw():
                count += len(chunk)
                if count > self.max_bytes:
                    raise SourceInvalidError(f"the body is longer than {self.max_bytes} bytes")
                yield chunk

    def require_plain(self) -> None:
        """Demand a body that can be passed on as it comes.

        Raises:
            SourceInvalidError: it is encoded, or declared to be longer than `max_bytes`.
        """
        if self.headers.get("Content-Encoding", "identity") != "identity":
            raise SourceInvalidError("the body is encoded, which was not asked for")
        length = self.headers.get("Content-Length")
        if length is None:
            return
        declared = whole_number(length, digits=MAX_DIGITS)
        if declared is None or declared > self.max_bytes:
            raise SourceInvalidError(f"the body is longer than {self.max_bytes} bytes")

    @property
    def is_framed(self) -> bool:
        """Whether it can be told when the body is whole."""
        return bool(self.headers.keys() & {"content-length", "transfer-encoding"})

    async def aclose(self) -> None:
        """Let go of the connection, whether or not all has been read."""
        await self._response.aclose()


async def open_stream(
    client: httpx.AsyncClient, request: httpx.Request, *, max_bytes: int
) -> Stream:
    """Send *request* and wait for the head of its answer; the caller closes what it is given.

    Raises:
        SourceError: none came within `DEADLINE_SECONDS`.
    """
    async with translated_errors(), asyncio.timeout(DEADLINE_SECONDS):
        response = await client.send(request, stream=True)
    return Stream(response.status_code, _headers(response.headers), max_bytes, response)


def _headers(received: httpx.Headers) -> httpx.Headers:
    """Give the headers that can be passed on: in plain ASCII, and of lengths the one that counts.

    Where there is a Transfer-Encoding, Content-Length says nothing (RFC 9112 section 6.3).
    """
    is_chunked = "Transfer-Encoding" in received
    return httpx.Headers(
        [
            (name, value)
            for name, value in received.multi_items()
            if PLAIN.fullmatch(value) and not (is_chunked and name == "content-length")
        ]
    )
