"""An answer of NASA's whose body is passed on as it comes: bounded, and never held whole."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx

from proxy.errors import SourceInvalidError
from proxy.sources.client import DEADLINE_SECONDS, translated_errors
from proxy.sources.headers import whole_number

MAX_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Stream:
    """A status, headers, and a body still to come.

    Attributes:
        status: HTTP status.
        headers: headers as received.
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

    async def aclose(self) -> None:
        """Let go of the connection, whether or not all has been read."""
        await self._response.aclose()


async def open_stream(
    client: httpx.AsyncClient, request: httpx.Request, *, max_bytes: int
) -> Stream:
    """Send *request* and wait for the head of its answer.

    Raises:
        SourceError: none came within `DEADLINE_SECONDS`, or it declares a body that is encoded
            or longer than *max_bytes*.
    """
    async with translated_errors(), asyncio.timeout(DEADLINE_SECONDS):
        response = await client.send(request, stream=True)
    stream = Stream(response.status_code, response.headers, max_bytes, response)
    try:
        _check(stream)
    except SourceInvalidError:
        await stream.aclose()
        raise
    return stream


def _check(stream: Stream) -> None:
    if stream.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceInvalidError("the body is encoded, which was not asked for")
    length = stream.headers.get("Content-Length")
    if length is None:
        return
    declared = whole_number(length, digits=MAX_DIGITS)
    if declared is None or declared > stream.max_bytes:
        raise SourceInvalidError(f"the body is longer than {stream.max_bytes} bytes")
