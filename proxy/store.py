"""The records that all processes share, in Redis.

Under `astropiks:1:apod:<date>`, and `…:latest`, lies one line of JSON that says when NASA gave the
record and which of its APIs, then the record's v1 bytes; no bytes, where NASA has nothing for that
day. The number in the key is that of this form: a process of another version neither reads nor
spoils it. Each value leaves by itself once it may no longer be served, and there is one for each
day at most, so that all of them take about 25 MB.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Protocol

from edge import metrics
from edge.link import CLOCKS_SECONDS, Link, RedisUnusableError, StrangeReplyError
from proxy import freshness
from proxy.freshness import Clock
from proxy.held import Given, Held
from proxy.records import FIRST_DAY, InvalidRecordError, Record, day_of, parse_json

PREFIX = "astropiks:1:apod:"
LATEST = "latest"

MAX_BYTES = 64 * 1024
"""Thirty times a large record."""

MAX_KEYS = 500
"""In one command: a second's worth of reading must not look like a slow Redis."""

KEEP = """
local function read(text)
  local ok, members = pcall(cjson.decode, text)
  return ok and type(members) == 'table' and members or {}
end
for i, key in ipairs(KEYS) do
  local new, milliseconds = ARGV[2 * i + 1], ARGV[2 * i + 2]
  local there = redis.pcall('GET', key)
  local is_kept = false
  if type(there) == 'string' then
    local head, body = string.match(there, '^([^\\n]*)\\n?(.*)$')
    local is_record, is_better = body ~= '', string.match(new, '\\n.') ~= nil
    local old, coming = read(head), read(string.match(new, '^[^\\n]*'))
    local at, day = tonumber(old.fetched_at) or 0, tostring(old.day)
    local is_sane = at > 0 and at <= tonumber(ARGV[1]) and day <= ARGV[2]
      and (not is_record or read(body).date == day)
    is_kept = is_sane and ((is_record and not is_better) or at > tonumber(coming.fetched_at)
      or (string.match(key, 'latest$') ~= nil and day > coming.day))
  end
  if not is_kept then redis.call('SET', key, new, 'PX', milliseconds) end
end
"""
"""Writes each of KEYS, unless what is there is newer, or a record where the new value is none, or
the record of a later day under `latest`; what cannot have been written so is replaced. ARGV: the
last second and day that can be believed, then for each key its value and its milliseconds to live.
"""

LAST_SECOND = 253402300799.0


class Store(Protocol):
    """A place that outlives a process. None stands for the latest."""

    async def find(self, days: Sequence[date | None]) -> Mapping[date | None, Given]:
        """Give what there is of *days*. Never fails: a store that does has nothing."""

    async def keep(self, held: Mapping[date | None, Held]) -> None:
        """Keep what NASA has just given. Never fails either."""


class NoStore:
    """Nothing outlives this process."""

    async def find(self, days: Sequence[date | None]) -> Mapping[date | None, Given]:  # noqa: ARG002
        """Have nothing."""
        return {}

    async def keep(self, held: Mapping[date | None, Held]) -> None:
        """Keep nothing."""


class RedisStore:
    """Redis, in one round trip each."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock

    async def find(self, days: Sequence[date | None]) -> Mapping[date | None, Given]:
        """Give what there is; a value that is not as we write it is left out."""
        values: list[bytes | None] = []
        try:
            for some in (days[n : n + MAX_KEYS] for n in range(0, len(days), MAX_KEYS)):
                values += await self._link.call(partial(_mget, [_key(day) for day in some]))
        except RedisUnusableError:
            values += [None] * (len(days) - len(values))
        found = zip(days, values, strict=True)
        given = {day: self._read(day, value) for day, value in found if value is not None}
        return {day: one for day, one in given.items() if one is not None}

    async def keep(self, held: Mapping[date | None, Held]) -> None:
        """Write each value, to leave by itself, unless a better one is there.

        A process may come late, having been held up or cut off from Redis: what it brings must
        replace neither what is newer, nor a record by there being none.
        """
        now = self._clock()
        newest = freshness.today(now + CLOCKS_SECONDS).isoformat()
        arguments: list[bytes | str | float] = [now + CLOCKS_SECONDS, newest]
        for one in held.values():
            arguments += [encode(one), max(1, int((one.usable_until - now) * 1000))]
        keys = [_key(day) for day in held]
        with suppress(RedisUnusableError):
            await self._link.call(lambda redis: redis.eval(KEEP, len(keys), *keys, *arguments))

    def _read(self, day: date | None, value: bytes) -> Given | None:
        try:
            given = decode(value)
            self._check(day, given)
        except InvalidRecordError:
            metrics.count_store_drop()
            return None
        # A little ahead is another machine's clock: for us it has come just now.
        return replace(given, fetched_at=min(given.fetched_at, self._clock()))

    def _check(self, day: date | None, given: Given) -> None:
        if day is None and given.record is None:
            raise InvalidRecordError("the latest is no record")
        if day not in (None, given.day):
            raise InvalidRecordError("the value is about another day")
        if given.fetched_at > self._clock() + CLOCKS_SECONDS:
            raise InvalidRecordError("the value is of the future")
        newest = freshness.today(self._clock() + CLOCKS_SECONDS)
        if day is None and not FIRST_DAY <= given.day <= newest:
            raise InvalidRecordError("the latest is of no day that can have a picture")


async def _mget(keys: list[str], redis: Any) -> list[bytes | None]:  # noqa: ANN401
    found: object = await redis.mget(keys)
    if isinstance(found, list) and len(found) == len(keys):
        return [one if isinstance(one, bytes) else None for one in found]
    raise StrangeReplyError


def encode(held: Held) -> bytes:
    """Write a value."""
    head = {"day": held.day.isoformat(), "fetched_at": held.fetched_at}
    if held.record is None:
        return json.dumps(head).encode() + b"\n"
    return json.dumps({**head, "source": held.record.source}).encode() + b"\n" + held.record.body


def decode(value: bytes) -> Given:
    """Read a value, as strictly as an answer of NASA's: others may have written there.

    Raises:
        InvalidRecordError: it must not be served.
    """
    if len(value) > MAX_BYTES:
        raise InvalidRecordError("the value is too long")
    line, _, body = value.partition(b"\n")
    head = parse_json(line)
    if not isinstance(head, dict):
        raise InvalidRecordError("the value does not begin with an object")
    day, at, source = head.get("day"), head.get("fetched_at"), head.get("source")
    if not isinstance(at, int | float) or at is True or not 0 < at < LAST_SECOND:
        raise InvalidRecordError("fetched_at is no time")
    if not body:
        return Given(day_of(day), None, at)
    record = Record.from_members(parse_json(body))
    if record.body != body or record.day != day_of(day):
        raise InvalidRecordError("the record is not as it was written")
    return Given(record.day, replace(record, source=source if isinstance(source, str) else ""), at)


def _key(day: date | None) -> str:
    return PREFIX + (LATEST if day is None else day.isoformat())
