"""Pictures as plain files: a night sky for each name, drawn when it is first asked for."""

import atexit
import os
import random
import struct
import zlib
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkstemp

from starlette.staticfiles import StaticFiles

from standin.conditions import Conditions

WIDTH, HEIGHT, STARS = 480, 320, 240

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".tif"})

VIDEO = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08free"
"""As little as begins like an MP4 file (ISO/IEC 14496-12): its type, and a box of free space."""


class Pictures(StaticFiles):
    """A file server that has every picture asked for: GET, HEAD, ranges, tags and dates."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        super().__init__(directory=_folder())

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find the file of a picture, drawn if need be."""
        suffix = PurePosixPath(path).suffix.lower()
        if suffix not in SUFFIXES | {".mp4"}:
            return "", None
        size = self._conditions.picture_bytes
        name = sha256(f"{size} {path}".encode()).hexdigest()
        file = Path(_folder(), f"{name}{'.mp4' if suffix == '.mp4' else '.png'}")
        if not file.exists():
            handle, name = mkstemp(dir=_folder())  # of two that draw it at once, either will do
            os.close(handle)
            fresh = Path(name)
            fresh.write_bytes(VIDEO if suffix == ".mp4" else draw(path))
            if size:
                os.truncate(fresh, size)
            fresh.rename(file)
        return str(file), file.stat()


@cache
def _folder() -> str:
    """Make a place for the files of this process, which ends with it."""
    folder = TemporaryDirectory(prefix="astropiks-standin-")
    atexit.register(folder.cleanup)
    return folder.name


def draw(name: str) -> bytes:
    """Draw a sky as a PNG file (RFC 2083) with a palette: always the same for one name."""
    chance = random.Random(name)  # noqa: S311
    red, green, blue = (chance.randrange(20, 90) for _ in range(3))
    dusk = [bytes((red * n // 256, green * n // 256, blue * n // 256)) for n in range(128)]
    light = [bytes((128 + n, 128 + n, 96 + n)) for n in range(128)]
    rows = [bytearray([0, *[n * 128 // HEIGHT] * WIDTH]) for n in range(HEIGHT)]
    for _ in range(STARS):
        rows[chance.randrange(HEIGHT)][1 + chance.randrange(WIDTH)] = chance.randrange(160, 256)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"PLTE", b"".join(dusk + light)),
            (b"IDAT", zlib.compress(b"".join(rows))),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
