"""Other APIs of api.nasa.gov, as NASA answers: `GET` below the prefixes of `NASA_PASSTHROUGH`."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypedDict

from cachetools import TLRUCache
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import logs, metrics
from edge.problems import NOT_FOUND
from edge.transfers import TransferLimit
from proxy import freshness, paths
from proxy.errors import ApodError
from proxy.problems import failed
from proxy.relay import HARMLESS, Relay
from proxy.sources.headers import shared_lifetime, whole_number
from proxy.sources.key import without_key
from proxy.sources.other_apis import OtherApis
from proxy.sources.stream import Stream
from proxy.upstream_path import (
    MAX_PATH_BYTES,
    MAX_QUERY_BYTES,
    UnsafePathError,
    below,
    plain_query,
)

MAX_HELD_BYTES = 512 * 1024
"""For one answer; larger ones are passed on and not held."""

MAX_CACHE_BYTES = 32 * 1024 * 1024

OVERHEAD_BYTES = MAX_PATH_BYTES + MAX_QUERY_BYTES + 1024
"""For whatever an answer is held under, and its headers."""

MAX_AGE_SECONDS = 3600
"""However long NASA says."""

PASSED_ON = ("Content-Type", "Content-Length", "Content-Language", "Last-Modified")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that NASA lets us hold.

    Attributes:
        body: its body.
        headers: its headers, as far as they are passed on.
        kept_at: when it came, Unix time in seconds.
        lifetime: seconds from then on for which it is good.
    """

    body: bytes
    headers: dict[str, str]
    kept_at: float
    lifetime: int


class Passthrough:
    """Answers from what is held, or from NASA."""

    def __init__(self, apis: OtherApis, *, clock: freshness.Clock) -> None:
        self._apis = apis
        self._clock = clock
        self._kept: TLRUCache[tuple[str, str], Kept] = TLRUCache(
            maxsize=MAX_CACHE_BYTES,
            ttu=lambda _key, kept, _now: kept.kept_at + kept.lifetime,
            timer=clock,
            getsizeof=lambda kept: len(kept.body) + OVERHEAD_BYTES,
        )

    async def answer(self, path: str, query: str) -> Response:
        """Give NASA's answer at *path*, with a *query* that has no `api_key`.

        Raises:
            SourceError: NASA failed.
        """
        kept = self._kept.get((path, query))
        if kept is not None and kept.kept_at <= self._clock():  # it may have been set back
            _tell("hit")
            age = max(0, int(self._clock() - kept.kept_at))
            status = f"astropiks; hit; ttl={kept.lifetime - age}"
            headers = {**_lifetime_headers(kept.lifetime, status), "Age": str(age)}
            return Response(kept.body, headers={**kept.headers, **HARMLESS, **headers})
        _tell("miss")
        stream = await self._apis.open(path, query)
        lifetime = lifetime_of(stream)
        chunks = self._apis.chunks(stream)
        if lifetime:
            chunks = self._keeping((path, query), stream, chunks, lifetime)
        length = whole_number(stream.headers.get("Content-Length", ""))
        is_sure = lifetime and length is not None and length <= MAX_HELD_BYTES
        status = f"astropiks; fwd=miss{'; stored' if is_sure else ''}"
        headers = _lifetime_headers(lifetime, status)
        return Relay(stream, chunks, passed_on=PASSED_ON, headers=headers)

    async def _keeping(
        self, key: tuple[str, str], stream: Stream, chunks: AsyncIterator[bytes], lifetime: int
    ) -> AsyncIterator[bytes]:
        """Pass the body on, and keep it once it has come whole."""
        body = bytearray()
        kept_at = self._clock()
        async for chunk in chunks:
            if len(body) <= MAX_HELD_BYTES:
                body += chunk
            yield chunk
        if len(body) <= MAX_HELD_BYTES:
            headers = {name: stream.headers[name] for name in PASSED_ON if name in stream.headers}
            headers["Content-Length"] = str(len(body))
            self._kept[key] = Kept(bytes(body), headers, kept_at, lifetime)


class PassthroughState(TypedDict, total=False):
    """What the lifespan gives each request."""

    passthrough: Passthrough


def routes(prefixes: tuple[str, ...], bases: tuple[str, ...]) -> list[Route]:
    """Give the routes below *prefixes* of api.nasa.gov, under each of our *bases*."""
    limit = Middleware(TransferLimit, under_way=Counter())
    return [
        Route(f"{base}{prefix}{{path:path}}", pass_through, methods=["GET"], middleware=[limit])
        for base in bases
        for prefix in prefixes
    ]


async def pass_through(request: Request[PassthroughState]) -> Response:
    """Answer `GET` below one of the prefixes."""
    # Where no segment is more than a name, resolving escapes leads nowhere else: the prefix that
    # the router has seen is the one that NASA sees.
    base = paths.API if request.scope["path"].startswith(f"{paths.API}/") else ""
    try:
        path = below(f"{base}/", request.scope["raw_path"])
        query = without_key(plain_query(request.scope["query_string"]))
    except UnsafePathError:
        return NOT_FOUND.response(request.scope["path"])
    try:
        return await request.state["passthrough"].answer(f"/{path}", query)
    except ApodError as error:
        return failed(error, request.scope)


def lifetime_of(stream: Stream) -> int:
    """Give the seconds for which an answer is held."""
    may_hold = stream.status == 200 and stream.is_framed
    granted = shared_lifetime(stream.headers) if may_hold else 0
    return min(granted, MAX_AGE_SECONDS)


def _lifetime_headers(lifetime: int, status: str) -> dict[str, str]:
    control = f"private, max-age={lifetime}" if lifetime else "private, no-cache"
    return {"Cache-Control": control, "Cache-Status": status}


def _tell(result: str) -> None:
    """Note how an answer was come by."""
    logs.note(cache=result)
    metrics.count_cache_result("other", result)
