"""The one way out: an HTTP client that cannot hang, wander off, swell or tell.

Every error of `httpx` ends here. They are translated without their text or their chain, because
`httpx` puts whole URLs into both, and a URL may hold the key.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from proxy.errors import (
    ApodError,
    SourceBusyError,
    SourceFailedError,
    SourceInvalidError,
    SourceTimeoutError,
    SourceUnreachableError,
)

DEADLINE_SECONDS = 10.0
"""For a whole exchange: NASA's gateway itself would wait for 60 s, a phone's user does not."""

RECORD_SECONDS = 4.0
"""For the record of one day, so that a second attempt is left time when the first hangs."""

MAX_BODY_BYTES = 256 * 1024
"""A month of the largest records known, of 2 kB each, four times over."""

MAX_CONNECTIONS = 20

POOL_SECONDS = 5.0
"""For a connection to become free."""

Client = httpx.AsyncClient

Transport = httpx.AsyncBaseTransport
"""What a test may put in place of the network."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole, bounded answer."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


def open_client(
    transport: Transport | None = None, max_connections: int = MAX_CONNECTIONS
) -> httpx.AsyncClient:
    """Make a client that uses no proxy, netrc or cookie of its surroundings."""
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(connect=3.0, read=8.0, write=3.0, pool=POOL_SECONDS),
        limits=httpx.Limits(
            max_connections=max_connections, max_keepalive_connections=10, keepalive_expiry=30
        ),
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # keeps none
        # Unencoded bodies cannot swell on arrival. A record is small enough to travel so.
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


async def get(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    max_bytes: int = MAX_BODY_BYTES,
    seconds: float,
) -> Reply:
    """Send *request* and read its answer, up to *max_bytes*, within so many *seconds*.

    Raises:
        SourceTimeoutError: it took too long.
        SourceUnreachableError: there was no connection, or it broke.
        SourceInvalidError: the answer was too long or broken as HTTP.
    """
    async with translated_errors(), asyncio.timeout(seconds):
        response = await client.send(request, stream=True)
        try:
            body = await _bounded_body(response, max_bytes)
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body)


async def _bounded_body(response: httpx.Response, max_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceInvalidError("the body is encoded, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise SourceInvalidError(f"the body is longer than {max_bytes} bytes")
    return bytes(body)


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Turn whatever an exchange fails with into a `SourceError`, without its text or chain."""
    try:
        yield
    except httpx.PoolTimeout:
        raise SourceBusyError("all connections to NASA are in use") from None
    except (TimeoutError, httpx.TimeoutException):
        raise SourceTimeoutError("no whole answer in time") from None
    except httpx.RemoteProtocolError:
        raise SourceFailedError("the answer broke off, or is broken as HTTP") from None
    except (httpx.HTTPError, OSError) as error:  # OSError: httpx lets some of TLS's pass
        if not _may_open_more():
            raise SourceBusyError("this process may open no more files and connections") from None
        raise SourceUnreachableError(f"no connection ({type(error).__name__})") from None
    except ApodError:
        raise
    except Exception as error:  # noqa: BLE001  (upstream trouble is never a 500)
        # httpx reads a redirect's Location even if it is not to follow it, and fails in many ways.
        raise SourceInvalidError(f"the answer cannot be read ({type(error).__name__})") from None


def _may_open_more() -> bool:
    """Tell whether it is not for want of descriptors that a connection failed.

    Its error does not: that of a name which could not be looked up is one of many.
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True
