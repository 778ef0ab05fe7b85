"""Marks that must not come out, in every spelling in which they might."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from ahocorasick_rs import BytesAhoCorasick

MIN_BYTES = 8
"""Shorter texts stand somewhere by chance, above all inside of base64."""

LONG_BYTES = 32
"""From here on a mark is looked for by its halves: one that has been cut off is seen as well."""

FEW = 1000
"""Texts that are looked for one by one, which is the fastest way; more are looked for together."""

SPELLINGS = ("raw", "percent-encoded", "base64", "base64url", "hex", "JSON-escaped", "repr")


class Sighting(NamedTuple):
    """A mark where none should be.

    Attributes:
        mark: its name.
        spelling: one of `SPELLINGS`.
    """

    mark: str
    spelling: str


class Canary:
    """Finds marks in bytes."""

    def __init__(self, marks: Mapping[str, bytes]) -> None:
        """Look for *marks*, by name.

        Raises:
            ValueError: one is too short to be told from chance.
        """
        self.marks: dict[str, bytes] = {}
        self._needles: dict[bytes, Sighting] = {}
        self._fresh: list[bytes] = []
        self._patterns: list[bytes] = []
        self._automaton: BytesAhoCorasick | None = None
        for name, mark in marks.items():
            self.add(name, mark)

    def add(self, name: str, mark: bytes) -> None:
        """Look for one more.

        Raises:
            ValueError: it is too short.
        """
        if self.marks.get(name) == mark:
            return
        if len(mark) < MIN_BYTES:
            raise ValueError(f"{name} is shorter than {MIN_BYTES} bytes")
        self.marks[name] = mark
        for part in parts(mark):
            for spelling, needle in spellings(part):
                if needle not in self._needles:
                    self._needles[needle] = Sighting(name, spelling)
                    self._fresh.append(needle)

    @property
    def needle_count(self) -> int:
        """How many different texts are looked for."""
        return len(self._needles)

    def find(self, data: bytes) -> list[Sighting]:
        """Give every mark that is in *data*, once for each spelling."""
        if len(self._fresh) > max(FEW, len(self._patterns) // 4):
            self._patterns, self._fresh = [*self._needles], []
            self._automaton = BytesAhoCorasick(self._patterns)
        found = {self._needles[needle] for needle in self._fresh if needle in data}
        if self._automaton is not None:
            places = self._automaton.find_matches_as_indexes(data, overlapping=True)
            found |= {self._needles[self._patterns[number]] for number, _, _ in places}
        return sorted(found)


def parts(mark: bytes) -> tuple[bytes, ...]:
    """Give what is looked for of a mark: all of it, or of a long one each half."""
    middle = len(mark) // 2
    return (mark,) if len(mark) < LONG_BYTES else (mark[:middle], mark[middle:])


def spellings(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the spellings of *text*; of base64 what stands there whatever comes before and after."""
    yield "raw", text
    for safe in ("", "/"):
        escaped = quote(text, safe=safe)
        yield "percent-encoded", escaped.encode()
        yield "percent-encoded", _lower_escapes(escaped).encode()
        yield "percent-encoded", escaped.replace("%20", "+").encode()
    yield "percent-encoded", "".join(f"%{byte:02x}" for byte in text).encode()
    yield "percent-encoded", "".join(f"%{byte:02X}" for byte in text).encode()
    for shift in range(3):
        yield "base64", _inside(text, shift, base64.b64encode)
        yield "base64url", _inside(text, shift, base64.urlsafe_b64encode)
    yield "hex", text.hex().encode()
    yield "hex", text.hex().upper().encode()
    try:
        plain = text.decode()
    except UnicodeError:  # no text: nor could it stand in a text as it is
        plain = text.decode("latin-1")
    for ensure_ascii in (True, False):
        in_json = json.dumps(plain, ensure_ascii=ensure_ascii)[1:-1].encode()
        yield "JSON-escaped", in_json
        yield "JSON-escaped", in_json.replace(b"/", rb"\/")
    yield "JSON-escaped", "".join(f"\\u{ord(character):04x}" for character in plain).encode()
    yield "repr", repr(plain)[1:-1].encode()
    yield "repr", repr(text)[2:-1].encode()


def inside_base64(text: bytes) -> dict[str, bytes]:
    """Give what stands in every base64url of something with *text* in it, as marks."""
    shifts = (_inside(text, shift, base64.urlsafe_b64encode) for shift in range(3))
    return {f"base64url of {text.decode()} {number}": found for number, found in enumerate(shifts)}


def _lower_escapes(escaped: str) -> str:
    first, *rest = escaped.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _inside(text: bytes, shift: int, encode: Callable[[bytes], bytes]) -> bytes:
    """Give the characters that depend on *text* alone, if it begins *shift* bytes into a triple."""
    first, last = -(-8 * shift // 6), 8 * (shift + len(text)) // 6
    return encode(bytes(shift) + text)[first:last]
