"""The bytes of an answer, plain and compressed.

A record is compressed once. What stands in a list is put together from that: each record is
deflated by itself, up to a byte boundary and referring to nothing before it (RFC 1951), so that the
parts of a gzip stream (RFC 1952) are those of its records, with commas stored between.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_REMEMBERED = 20_000
"""Compressed records, at about 1 kB each: as many as there can be (`proxy.cache.MAX_HELD`)."""

LEVEL = 6

HEAD = bytes.fromhex("1f8b08000000000000ff")
"""Deflate, no name, no time, of no file system."""

LAST_BLOCK = b"\x03\x00"
"""An empty one, which ends the stream."""

GZIP = re.compile(r"(gzip|x-gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """A record, or a list of records.

    Attributes:
        plain: v1 bytes.
        records: those that a list is made of; None if this is a record itself.
    """

    plain: bytes
    records: tuple[bytes, ...] | None = None

    @classmethod
    def of_list(cls, records: Sequence[bytes]) -> "Content":
        """Put a list together."""
        texts = [record.removesuffix(b"\n") for record in records]
        return cls(b"[" + b",".join(texts) + b"]\n", tuple(records))

    def gzipped(self) -> bytes:
        """Give the same compressed; nothing is compressed a second time for it."""
        if self.records is None:
            return _gzipped_record(self.plain)
        comma = _stored(b",")
        parts = comma.join(_deflated(_gzipped_record(record)) for record in self.records)
        return _stream(_stored(b"[") + parts + _stored(b"]\n"), self.plain)


def accepts_gzip(accept_encoding: Sequence[str]) -> bool:
    """Tell whether a client takes gzip (RFC 9110 section 12.5.3): named, or by an asterisk."""
    return bool(accept_encoding) and _accepts_gzip(",".join(accept_encoding))


@lru_cache(100)
def _accepts_gzip(codings: str) -> bool:
    weights: dict[str, float] = {}
    for coding in codings.split(","):
        if match := GZIP.fullmatch(coding.strip()):
            name = match[1].lower().removeprefix("x-")
            weights[name] = float(match[2] or 1)
    return weights.get("gzip", weights.get("*", 0)) > 0


@lru_cache(MAX_REMEMBERED)
def _gzipped_record(record: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    text = record.removesuffix(b"\n")
    deflated = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _stream(deflated + _stored(record[len(text) :]), record)


def _deflated(gzipped_record: bytes) -> bytes:
    """Cut the record's text out of its stream."""
    return gzipped_record[len(HEAD) : -TAIL_BYTES]


def _stored(text: bytes) -> bytes:
    """Give a block that is not compressed, as it stands at a byte boundary."""
    size = len(text)
    return b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + text


def _stream(blocks: bytes, plain: bytes) -> bytes:
    check = zlib.crc32(plain).to_bytes(4, "little")
    size = (len(plain) & 0xFFFFFFFF).to_bytes(4, "little")
    return HEAD + blocks + LAST_BLOCK + check + size


TAIL_BYTES = len(_stored(b"\n") + LAST_BLOCK) + 8
"""Of a record's stream: its final newline, the last block, check sum and size."""
