"""The canary itself: it sees marks in every spelling."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from tests.proof.canary import LONG_BYTES, SPELLINGS, Canary, Sighting

SHORT = b'mark/of+some="kind"\xc3\xbc'
LONG = bytes(range(33, 33 + 2 * LONG_BYTES))


def halves(mark: bytes) -> tuple[bytes, bytes]:
    """Give what is left of a long mark that has been cut; a short one has to be whole."""
    middle = len(mark) // 2
    return (mark, mark) if len(mark) < LONG_BYTES else (mark[:middle], mark[middle:])


def lower_escapes(mark: bytes) -> bytes:
    """Escape as some libraries do."""
    return re.sub("%..", lambda found: found[0].lower(), quote(mark, safe="")).encode()


SPELT: dict[str, Callable[[bytes], bytes]] = {
    "raw": lambda mark: mark,
    "percent": lambda mark: quote(mark, safe="").encode(),
    "percent, slashes left": lambda mark: quote(mark).encode(),
    "percent, as forms do": lambda mark: quote_plus(mark).encode(),
    "percent, in lower case": lower_escapes,
    "percent, all of it": lambda mark: b"".join(b"%%%02X" % byte for byte in mark),
    "base64": base64.b64encode,
    "base64, after one byte": lambda mark: base64.b64encode(b"a" + mark + b"z"),
    "base64, after two": lambda mark: base64.b64encode(b"ab" + mark + b"yz"),
    "base64url": base64.urlsafe_b64encode,
    "base64url, unpadded": lambda mark: base64.urlsafe_b64encode(b"a" + mark).rstrip(b"="),
    "base64url, inside of JSON": lambda mark: base64.urlsafe_b64encode(b'{"x":"' + mark + b'"}'),
    "hex": lambda mark: mark.hex().encode(),
    "hex, in capitals": lambda mark: mark.hex().upper().encode(),
    "JSON": lambda mark: json.dumps(mark.decode()).encode(),
    "JSON, in UTF-8": lambda mark: json.dumps(mark.decode(), ensure_ascii=False).encode(),
    "JSON, slashes escaped": lambda mark: json.dumps(mark.decode()).replace("/", r"\/").encode(),
    "JSON, all escaped": lambda mark: "".join(f"\\u{ord(c):04x}" for c in mark.decode()).encode(),
    "repr": lambda mark: repr(mark.decode()).encode(),
    "repr of bytes": lambda mark: repr(mark).encode(),
    "the beginning of a long one": lambda mark: halves(mark)[0],
    "the end of a long one": lambda mark: halves(mark)[1],
}


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
@pytest.mark.parametrize("mark", [SHORT, LONG], ids=["short", "long"])
def test_spelling(mark: bytes, spell: Callable[[bytes], bytes]) -> None:
    """A mark is seen in each spelling, in the midst of other things."""
    canary = Canary({"a": mark, "b": b"another mark"})
    found = canary.find(b'{"x": "y", "z": "' + spell(mark) + b'"}\n')
    assert {one.mark for one in found} == {"a"}
    assert {one.spelling for one in found} <= set(SPELLINGS)


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_look_alike(spell: Callable[[bytes], bytes]) -> None:
    """What is almost a mark is none, however it is spelt."""
    canary = Canary({"a": SHORT})
    for other in (SHORT.replace(b"kind", b"kine"), SHORT[1:], SHORT.upper(), SHORT[:-3]):
        assert canary.find(spell(other)) == []


def test_short_mark() -> None:
    """A mark that may stand anywhere by chance is refused."""
    with pytest.raises(ValueError, match="the key is shorter than 8 bytes"):
        Canary({"the key": b"1234567"})


def test_many() -> None:
    """Of thousands each is found, whenever it was added, also within another one."""
    canary = Canary({})
    for number in range(300):
        mark = f"{number:08}-is-the-mark".encode()
        canary.add(mark.decode(), mark)
        assert Sighting(mark.decode(), "raw") in canary.find(b"x" + mark + b"y")
    canary.add("inside", b"is-the-mark")
    found = canary.find(b"00000007-is-the-mark" + base64.b64encode(b"00000008-is-the-mark"))
    assert Sighting("inside", "raw") in found
    assert Sighting("00000007-is-the-mark", "raw") in found
    assert Sighting("00000008-is-the-mark", "base64") in found
    assert canary.find(b"00000300-is-the-") == []


def test_each_is_told() -> None:
    """No mark hides another."""
    canary = Canary({"a": b"first mark", "b": b"second mark"})
    assert canary.find(b"first mark, " + b"second mark".hex().encode()) == [
        Sighting("a", "raw"),
        Sighting("b", "hex"),
    ]
