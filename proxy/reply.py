"""An answer as an HTTP response: which bytes, whether any, and its caching headers."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from proxy.content import accepts_gzip
from proxy.service import Answer

SERVER = "astropiks"
"""Our name in `Cache-Status` (RFC 9211)."""


class Wish(NamedTuple):
    """What a client's headers make of an answer.

    Attributes:
        is_gzip: compressed bytes; they are another representation than the plain ones, and have
            another tag (RFC 9110 section 8.8.3).
        is_unchanged: the client has these very bytes already.
    """

    is_gzip: bool
    is_unchanged: bool


def wish_of(answer: Answer, accept_encoding: Sequence[str], if_none_match: Sequence[str]) -> Wish:
    """Read the values of both headers, as *answer* is concerned."""
    is_gzip = accepts_gzip(accept_encoding)
    is_unchanged = not answer.is_random and _matches(if_none_match, _tag(answer, is_gzip=is_gzip))
    return Wish(is_gzip=is_gzip, is_unchanged=is_unchanged)


def reply(answer: Answer, wish: Wish, now: float) -> Response:
    """Render *answer* at Unix time *now*."""
    fields = _caching(answer, _tag(answer, is_gzip=wish.is_gzip), now)
    fields["Vary"] = "Accept-Encoding"
    if wish.is_unchanged:
        return Response(status_code=304, headers=fields)
    if not wish.is_gzip:
        return Response(answer.content.plain, headers=fields, media_type="application/json")
    fields["Content-Encoding"] = "gzip"
    return Response(answer.content.gzipped(), headers=fields, media_type="application/json")


def _tag(answer: Answer, *, is_gzip: bool) -> str:
    return f'{answer.etag[:-1]}-gzip"' if is_gzip else answer.etag


def _caching(answer: Answer, etag: str, now: float) -> dict[str, str]:
    """Caching headers (RFC 9111): private, since what lies behind a token is not for sharing."""
    age = max(0, int(now - answer.fetched_at))
    lifetime = int(answer.fresh_until - answer.fetched_at)
    ttl = lifetime - age
    is_stale = answer.cache in {"stale-while-revalidate", "stale-if-error"}
    status = {
        "hit": f"hit; ttl={ttl}",
        "stale-while-revalidate": f"hit; ttl={ttl}; detail=stale-while-revalidate",
        "stale-if-error": f"hit; ttl={ttl}; detail=stale-if-error",
        "miss": "fwd=miss; stored",
        "refreshed": "fwd=stale; stored",
        "collapsed": "fwd=miss; collapsed",
    }[answer.cache]
    # A stale answer must not be pinned downstream by the lifetime it once had.
    max_age = 0 if is_stale else lifetime
    if answer.is_random:
        return {"Cache-Control": "private, no-store", "Cache-Status": f"{SERVER}; {status}"}
    return {
        "Age": str(age),
        "Cache-Control": f"private, max-age={max_age}",
        "Cache-Status": f"{SERVER}; {status}",
        "ETag": etag,
    }


def _matches(if_none_match: Sequence[str], etag: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 wants it for If-None-Match."""
    tags = {tag.strip() for line in if_none_match for tag in line.split(",")}
    return etag in tags or f"W/{etag}" in tags or tags == {"*"}
