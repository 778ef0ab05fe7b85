"""Answers that need nothing but to be sent, found by the very bytes of their query.

An answer is kept here when it has been a hit, and is found until a part of it is to be renewed or
has changed in the cache: so nothing lives longer here than there. It is rendered by `proxy.reply`,
as on the long way, once for each second of its age.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from cachetools import FIFOCache, LRUCache

from edge.fast_path import Reply
from proxy.cache import MAX_HELD
from proxy.freshness import Clock
from proxy.query import MAX_QUERY_BYTES, ApodQuery, Day, Latest, Span, canonical
from proxy.reply import reply, wish_of
from proxy.service import Answer

MAX_LIST_BYTES = 8_000_000
"""Of all lists together, which are copies. The bytes of single records are those of the cache,
unless something is added to them: then there are as many again, about 1.2 kB each."""

MAX_RENDERED_BYTES = 2_000_000

MAX_HEADER_BYTES = 200
"""Of those two by which replies differ: clients' usual ones are shorter."""

API_KEY = re.compile(rb"api_key=[A-Za-z0-9_-]*")
"""Apps made for NASA's own address send one; it means nothing here."""


class _Kept(NamedTuple):
    """An answer, and the last change of the cache that was before it."""

    answer: Answer
    change: int


class _Rendered(NamedTuple):
    """A reply, and at which age of the answer it was right."""

    kept: _Kept
    age: int
    reply: Reply


class ReadyAnswers:
    """Bounded, least recently used out first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: LRUCache[bytes, _Kept] = LRUCache(MAX_HELD)
        self._lists: LRUCache[bytes, _Kept] = LRUCache(MAX_LIST_BYTES, getsizeof=_length)
        self._rendered: FIFOCache[tuple[bytes, bytes, bytes], _Rendered] = FIFOCache(
            MAX_RENDERED_BYTES, getsizeof=_size
        )
        self._change = 0
        self._changes: dict[date | None, int] = {}

    def changed(self, day: date | None) -> None:
        """Take note that what is held for *day*, or as the latest (None), is not what it was."""
        self._change += 1
        self._changes[day] = self._change

    def mark(self) -> int:
        """Give what `keep` wants to know: the present, before anything is looked up."""
        return self._change

    def keep(self, raw: bytes, query: ApodQuery, answer: Answer, since: int) -> None:
        """Keep the *answer* to *query*, if it is a hit and *raw* is its canonical spelling.

        Args:
            raw: the query as it was received.
            query: what it means.
            answer: to it.
            since: the mark that was there before it was looked up.
        """
        if answer.cache != "hit" or raw != canonical(query):
            return
        kept = _Kept(answer, since)
        match query.wanted:
            case Span() if _length(kept) <= MAX_LIST_BYTES:
                self._lists[raw] = kept
            case Latest():
                self._records[raw] = kept
            case Day(day) if answer.days == (day,):  # not the latest, where that day is not out yet
                self._records[raw] = kept

    def find(self, query: bytes, headers: Mapping[bytes, bytes]) -> Reply | None:
        """Give what a request with this raw *query* and these *headers* is to get, if it is here.

        Args:
            query: without the question mark.
            headers: names in lower case.
        """
        if len(query) > MAX_QUERY_BYTES:
            return None
        kept = self._kept(query)
        if kept is None and b"api_key=" in query:
            query = b"&".join(one for one in query.split(b"&") if not API_KEY.fullmatch(one))
            kept = self._kept(query)
        if kept is None:
            return None
        codings, tags = headers.get(b"accept-encoding", b""), headers.get(b"if-none-match", b"")
        if len(codings) + len(tags) > MAX_HEADER_BYTES:
            return None
        now = self._clock()
        age = int(now - kept.answer.fetched_at)
        key = (query, codings, tags)
        rendered = self._rendered.get(key)
        if rendered is None or rendered.age != age or rendered.kept is not kept:
            rendered = _Rendered(kept, age, _render(kept.answer, codings, tags, now))
            if _size(rendered) <= MAX_RENDERED_BYTES:
                self._rendered[key] = rendered
        return rendered.reply

    def _kept(self, query: bytes) -> _Kept | None:
        """Give what is kept for *query*, if the cache would give the same."""
        kept = self._records.get(query) or self._lists.get(query)
        if kept is None:
            return None
        answer, change = kept
        if not answer.completed_at <= self._clock() < min(answer.refresh_at, answer.fresh_until):
            return None
        if change < self._change and any(self._changes.get(day, 0) > change for day in answer.days):
            return None
        return kept


def _render(answer: Answer, codings: bytes, tags: bytes, now: float) -> Reply:
    values = ([value.decode("latin-1")] if value else [] for value in (codings, tags))
    return Reply.of(reply(answer, wish_of(answer, *values), now), cache=answer.cache)


def _length(kept: _Kept) -> int:
    return len(kept.answer.content.plain)


def _size(rendered: _Rendered) -> int:
    return len(rendered.reply.head) + len(rendered.reply.body)
