"""Paths that go on to NASA: only such as every reader between here and there reads alike."""

import re
from urllib.parse import unquote_to_bytes

MAX_PATH_BYTES = 1024
MAX_QUERY_BYTES = 2048

SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+")
"""RFC 3986's `segment-nz`, less the semicolon, at which some servers cut a segment off."""

QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@/?-]|%[0-9A-Fa-f]{2})*")
"""The semicolon is left out here too: some servers end a parameter at it."""

AMBIGUOUS = re.compile(rb"[\x00-\x1f\x7f/\\%;]")
"""What an escape may not stand for: one server resolves it, and the next takes it for syntax."""


class UnsafePathError(ValueError):
    """The path or query might be read in two ways. Nothing of it is quoted."""


def below(prefix: str, raw_path: bytes) -> str:
    """Give the rest of a path after *prefix*, as received and without a slash at its start.

    Raises:
        UnsafePathError: it is not below *prefix*, or has dot segments, empty segments, escaped
            slashes or anything else that could lead out of it.
    """
    try:
        path = raw_path.decode("ascii")
    except ValueError:
        raise UnsafePathError("a path has bytes outside ASCII") from None
    if len(path) > MAX_PATH_BYTES or not path.startswith(prefix):
        raise UnsafePathError("a path is too long, or not below its prefix")
    rest = path[len(prefix) :]
    if not all(map(is_plain, rest.removesuffix("/").split("/"))):
        raise UnsafePathError("a path has a segment that might be read in two ways")
    return rest


def is_plain(segment: str) -> bool:
    """Tell whether a segment of a path is just a name."""
    if not SEGMENT.fullmatch(segment):
        return False
    name = unquote_to_bytes(segment)
    return name not in {b".", b".."} and not AMBIGUOUS.search(name)


def plain_query(raw_query: bytes) -> str:
    """Give a query string as received, if it is one (RFC 3986 section 3.4).

    Raises:
        UnsafePathError: it is too long, or has characters that belong escaped.
    """
    query = raw_query.decode("latin-1")
    if len(query) > MAX_QUERY_BYTES or not QUERY.fullmatch(query):
        raise UnsafePathError("a query is too long, or not one")
    return query
