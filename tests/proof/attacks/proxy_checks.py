"""What each parser of `proxy` and `secrets_service` promises, of clients' words and NASA's.

A check gives an input to a parser and tells whether it was accepted. It raises if anything but the
documented exceptions comes out, or if what was accepted is not what a reader written here, in
another way, takes it for.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import unquote

from proxy import query
from proxy.content import Content, accepts_gzip
from proxy.errors import BadQueryError
from proxy.records import InvalidRecordError, Record
from proxy.reply import wish_of
from proxy.service import Answer
from proxy.sources.headers import retry_after, shared_lifetime
from proxy.upstream_path import UnsafePathError, below, plain_query
from secrets_service.errors import RecipientError
from secrets_service.sealing import Recipient

NOW = 1_795_435_200.0
TODAY = date(2026, 11, 23)

MAX_TEXT = 1000
"""Of an error: what it quotes is cut off."""


def apod_query(data: bytes) -> bool:
    """A query has one meaning, and what it means is spelled so that it means the same."""
    try:
        meant = query.parse(data, today=TODAY, max_days=366)
    except BadQueryError as error:
        if len(str(error)) > MAX_TEXT:
            raise AssertionError("an error that is too long") from error
        return False
    spelled = query.canonical(meant)
    if spelled is not None:
        again = query.parse(spelled, today=TODAY, max_days=366)
        assert again == meant
        assert query.canonical(again) == spelled
    return True


MEMBERS = {"copyright", "date", "explanation", "hdurl", "media_type", "resource",
           "service_version", "title", "url"}  # fmt: skip


def _kept(member: Mapping[str, object]) -> Mapping[str, object]:
    """Give what is kept of a record that NASA sends."""
    return {name: value for name, value in member.items() if name in MEMBERS}


def record(data: bytes) -> bool:
    """A record says what NASA's said, is written out in one way, and that is a record again."""
    try:
        read = Record.from_json(data, asked=None, newest=TODAY)
    except InvalidRecordError:
        return False
    assert json.loads(read.body) == _kept(json.loads(data.decode()))
    assert Record.from_json(read.body, asked=read.day, newest=TODAY) == read
    return True


def record_list(data: bytes) -> bool:
    """A list is of the records that NASA sent, within its range, each day once, in order."""
    start = TODAY - timedelta(days=40)
    try:
        read = Record.list_from_json(data, start=start, end=TODAY)
    except InvalidRecordError:
        return False
    days = [one.day for one in read]
    assert days == sorted(set(days))
    assert all(start <= day <= TODAY for day in days)
    sent = {member["date"]: _kept(member) for member in json.loads(data.decode())}
    assert {str(one.day): json.loads(one.body) for one in read} == sent
    assert len(read) == len(json.loads(data.decode()))
    for one in read:
        assert Record.from_json(one.body, asked=one.day, newest=TODAY) == one
    return True


def recipient(data: bytes) -> bool:
    """A key to seal for has one spelling, and can be sealed for."""
    try:
        key = Recipient(data)
    except RecipientError:
        return False
    assert key.seal(b"value", name="x", version="1").count(".") == 4
    assert len(data) == 122
    return True


ANSWER = Answer(
    content=Content(b"{}\n"), etag='"' + "0" * 32 + '"', fetched_at=NOW, completed_at=NOW,
    fresh_until=NOW + 60, refresh_at=NOW + 60, cache="hit", days=(TODAY,),
)  # fmt: skip


TAG = re.compile(r'(?:W/)?"[^"\x00-\x20\x7f]*"')


def tags(data: bytes) -> bool:
    """`If-None-Match` is a list that has the tag, or an asterisk (RFC 9110 section 13.1.2).

    What is neither may be taken for it only if the tag stands there, or nothing but asterisks.
    """
    text = data.decode("latin-1")
    is_unchanged = wish_of(ANSWER, [], [text]).is_unchanged
    first, *between = TAG.split(text)
    is_list = not "".join([first, *between]).strip(" \t,") and all(
        "," in one for one in between[:-1]
    )
    if is_list:
        assert is_unchanged == (
            ANSWER.etag in [one.removeprefix("W/") for one in TAG.findall(text)]
        )
    elif text.strip(" \t") == "*":
        assert is_unchanged
    elif is_unchanged:
        assert ANSWER.etag in text or not text.replace("*", "").replace(",", "").strip()
    return is_unchanged


CODING = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
NO_WEIGHT = re.compile(r";\s*q\s*=\s*0(\.0*)?$", re.IGNORECASE)


def codings(data: bytes) -> bool:
    """`Accept-Encoding` takes gzip if it has a weight: its own, or the asterisk's.

    What is no list of codings, or names one twice, takes it only if it is named with a weight.
    """
    text = data.decode("latin-1")
    is_taken = accepts_gzip([text])
    members = [one.strip(" \t") for one in text.split(",") if one.strip(" \t")]
    read = [CODING.fullmatch(one) for one in members]
    weights = {one[1].lower().replace("x-gzip", "gzip"): float(one[2] or 1) for one in read if one}
    if len(weights) == len(members):
        assert is_taken == (weights.get("gzip", weights.get("*", 0)) > 0)
    elif is_taken:
        meant = [one for one in members if re.match(r"\s*(x-gzip|gzip|\*)", one, re.IGNORECASE)]
        assert any(not NO_WEIGHT.search(one.strip()) for one in meant)
    return is_taken


def upstream_path(data: bytes) -> bool:
    """A path that goes on to NASA goes there as it is, and leads nowhere else, however it is read.

    Neither it nor what its escapes stand for has anything that a server might resolve.
    """
    try:
        rest = below("/neo/", data)
    except UnsafePathError:
        return False
    assert b"/neo/" + rest.encode() == data
    for read in (data.decode(), unquote(data.decode(), "latin-1")):
        folder = read.removesuffix("/")
        assert posixpath.normpath(read) == folder
        assert not set(read) & set("\\;\x7f")
        assert min(read) > "\x1f"
    assert unquote(read, "latin-1") == read
    assert read.count("/") == data.count(b"/")
    return True


def upstream_query(data: bytes) -> bool:
    """So does a query, in which everything that means something elsewhere is escaped."""
    try:
        given = plain_query(data)
    except UnsafePathError:
        return False
    assert given.encode() == data
    assert not set(given) & set(' "#;<>[\\]^`{|}')
    assert given.isascii()
    assert given.isprintable()
    assert not re.search(r"%(?![0-9A-Fa-f]{2})", given)
    return True


FORBIDDEN = ("no-store", "no-cache", "private")
DIRECTIVE = re.compile(r"([a-z-]+)(?:=(?:([a-z0-9.-]+)|\"([a-z0-9.-]*)\"))?")


def cache_control(data: bytes) -> bool:
    """What NASA says of lifetimes, ages behind a line feed, is a number of seconds in bounds.

    Of what is well written (RFC 9111 section 5.2), the least lifetime for shared caches, less the
    age. Of anything, none where it forbids to store, and none that is not named.
    """
    text, _, age = data.decode("latin-1").partition("\n")
    lifetime = shared_lifetime({"Cache-Control": text, "Age": age})
    seconds = re.fullmatch(r"[0-9]{1,6}", text)
    assert retry_after({"Retry-After": text}) == (min(int(text), 3600) if seconds else None)
    assert 0 <= lifetime < 10**9
    members = [one.strip().lower() for one in text.split(",")]
    names = [one.partition("=")[0] for one in members]
    assert not lifetime or not any(name in FORBIDDEN for name in names)
    numbers = {int(number) for number in re.findall(r"=\"?([0-9]{1,9})(?![0-9])", text)}
    assert lifetime <= max(numbers, default=0)
    read = [DIRECTIVE.fullmatch(one) for one in members if one]
    if all(read) and re.fullmatch(r"[0-9]{0,9}", age):
        told = [(one[1], one[2] or one[3] or "") for one in read if one]
        assert lifetime == max(0, _granted(told) - int(age or 0))
    return bool(lifetime)


def _granted(told: Sequence[tuple[str, str]]) -> int:
    """Give the seconds that directives grant to a shared cache."""
    if any(name in FORBIDDEN for name, _ in told):
        return 0
    for wanted in ("s-maxage", "max-age"):
        granted = [int(value) for name, value in told if name == wanted and _is_number(value)]
        if granted:
            return min(granted)
    return 0


def _is_number(value: str) -> bool:
    return value.isdecimal() and len(value) < 10
