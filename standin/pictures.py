"""Pictures as plain files: a night sky for each name, drawn when it is first asked for."""

import atexit
import colorsys
import math
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

WIDTH, HEIGHT, STARS, CLOUDS = 480, 320, 320, 26

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
    rows = _nebula(chance)
    for _ in range(STARS):
        y, x = chance.randrange(1, HEIGHT - 1), chance.randrange(2, WIDTH - 1)
        light = 128 + int(127 * chance.random() ** 3)
        rows[y][x] = light
        if light > 230:
            for near_y, near_x in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                rows[near_y][near_x] = 150
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"PLTE", _palette(chance)),
            (b"IDAT", zlib.compress(b"".join(rows))),
            (b"IEND", b""),
        )
    )


def _nebula(chance: random.Random) -> list[bytearray]:
    """Draw glowing clouds along a line, at half the size, each pixel four times: rows of a PNG."""
    width, height = WIDTH // 2, HEIGHT // 2
    x, y = chance.uniform(0.2, 0.8) * width, chance.uniform(0.25, 0.75) * height
    slope = chance.uniform(-0.8, 0.8)
    clouds = []
    for _ in range(CLOUDS):
        along, aside = chance.gauss(0, 0.24), chance.gauss(0, 0.07)
        size = chance.uniform(0.02, 0.13) * width
        across = _bell(width, x + width * along, size * chance.uniform(0.8, 1.7))
        down = _bell(height, y + width * (slope * along + aside), size)
        clouds.append((across, down, chance.uniform(5, 32) * math.exp(-2 * abs(along))))
    rows: list[bytearray] = []
    for n in range(height):
        glow = [3.0] * width
        for across, down, light in clouds:
            here = light * down[n]
            if here > 0.2:
                glow = [sum_ + here * part for sum_, part in zip(glow, across, strict=True)]
        row = bytearray(WIDTH + 1)  # its first byte says that no filter is used
        row[1::2] = row[2::2] = bytes(min(127, int(one)) for one in glow)
        rows += [row, row[:]]
    return rows


def _bell(size: int, centre: float, width: float) -> list[float]:
    return [math.exp(-(((n - centre) / width) ** 2)) for n in range(size)]


def _palette(chance: random.Random) -> bytes:
    """Give 128 colors of glowing gas, from dark to bright, and as many of stars."""
    hue, turn = chance.uniform(0.5, 1.1), chance.choice((-0.16, -0.12, 0.12, 0.16))
    gas: list[float] = []
    for n in range(128):
        share = n / 127
        value = min(1, 0.035 + 1.15 * share**0.9)
        gas += colorsys.hsv_to_rgb((hue + turn * share) % 1, 0.8 - 0.62 * share, value)
    stars = [part for n in range(128) for part in (128 + n, 128 + n, min(255, 140 + n))]
    return bytes([*(int(255 * part) for part in gas), *stars])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
