"""A response that passes a stream of NASA's on, at the pace of the client who reads it."""

import asyncio
from collections.abc import AsyncIterator, Collection

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from edge import logs
from proxy.errors import SourceError
from proxy.sources.stream import Stream

TRANSFER_SECONDS = 600
"""For the whole of it: 40 MB at the pace of a poor mobile network, and no connection for good."""

HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    # Opened as a page, it may run nothing and load nothing.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What keeps foreign content, on our origin, from being more than content."""


class Relay(StreamingResponse):
    """Sends what comes. Where NASA breaks off, so does this: it never looks complete."""

    def __init__(
        self,
        stream: Stream,
        chunks: AsyncIterator[bytes],
        *,
        passed_on: Collection[str],
        headers: dict[str, str],
    ) -> None:
        """Pass *stream* on.

        Args:
            stream: open; it is closed here, come what may.
            chunks: its body, or what is made of it.
            passed_on: names of its headers that the client gets.
            headers: further headers.
        """
        given = {name: stream.headers[name] for name in passed_on if name in stream.headers}
        super().__init__(chunks, stream.status, {**given, **HARMLESS, **headers})
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or as much of it as there is."""
        try:
            async with asyncio.timeout(TRANSFER_SECONDS):
                await super().__call__(scope, receive, send)
        except (SourceError, TimeoutError) as error:
            # The response is left incomplete: then the server closes the connection, and the
            # client sees that something is missing.
            reason = str(error) if isinstance(error, SourceError) else "it took too long"
            logs.log("warning", "relay_cut", reason=reason)
        except asyncio.CancelledError:
            logs.log("warning", "relay_cut", reason="the process ends")
            raise
        finally:
            await self._stream.aclose()
