"""Where in a TOML file something stands: parsers tell it only of what they cannot parse."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]

HEADER = re.compile(r"(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?")
ASSIGNMENT = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=.*"
)
KEY = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Give the number of the line that sets *path*, or what of it is set nearest to it."""
    best, found = 0, 1
    for number, here in _paths(text):
        shared = _shared(here, tuple(path))
        if shared > best:
            best, found = shared, number
    return found


def _paths(text: str) -> Iterator[tuple[int, Path]]:
    """Give each line that names something, with the path of what it names."""
    table: Path = ()
    seen: Counter[Path] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.fullmatch(line.strip()):
            table = _keys(header[2])
            if header[1] == "[[":
                seen[table] += 1
                table = (*table, seen[table] - 1)
            yield number, table
        elif assignment := ASSIGNMENT.fullmatch(line):
            yield number, table + _keys(assignment[1])


def _keys(dotted: str) -> Path:
    return tuple(key.strip("\"'") for key in KEY.findall(dotted))


def _shared(here: Path, wanted: Path) -> int:
    """Count how far two paths go together; nothing, if *here* leads elsewhere in the end."""
    return len(here) if here == wanted[: len(here)] else 0
