import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from standin.app import StandIn
from standin.faults import Fault
from standin.pictures import HEIGHT, WIDTH, draw

PICTURE = "/apod/image/2110/FireballAlberta_Qin_1080.jpg"


@pytest.fixture
async def direct(nasa: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the stand-in without a proxy between."""
    transport = httpx.ASGITransport(nasa)
    async with httpx.AsyncClient(transport=transport, base_url="http://nasa.test") as client:
        yield client


def test_draw() -> None:
    """A picture is a whole PNG file, the same for the same name."""
    png = draw("a")
    start = png.index(b"IDAT") + 4
    length = int.from_bytes(png[start - 8 : start - 4], "big")
    assert png.startswith(b"\x89PNG")
    assert len(zlib.decompress(png[start : start + length])) == (WIDTH + 1) * HEIGHT
    assert png == draw("a") != draw("b")


@pytest.mark.parametrize(
    "path",
    [
        PICTURE,
        f"/apod.nasa.gov{PICTURE}",
        "/dynamicimage/assets/science/cds/apod/apod/2026/september/M64.jpg?w=1080&h=720",
        "/assets.science.nasa.gov/content/dam/science/cds/M64.png",
    ],
)
async def test_get(direct: httpx.AsyncClient, path: str) -> None:
    """Every picture of both hosts is there, without a key."""
    answer = await direct.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")


async def test_static(direct: httpx.AsyncClient) -> None:
    """It is served as files are: HEAD, ranges, tags."""
    whole = await direct.get(PICTURE)
    head = await direct.head(PICTURE)
    part = await direct.get(PICTURE, headers={"Range": "bytes=2-5"})
    same = await direct.get(PICTURE, headers={"If-None-Match": whole.headers["ETag"]})
    beyond = await direct.get(PICTURE, headers={"Range": "bytes=99999999-"})
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    assert (same.status_code, beyond.status_code) == (304, 416)


async def test_size(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """Its file may be made as large as the largest that NASA has."""
    nasa.conditions.picture_bytes = 40_000_000
    head = await direct.head(PICTURE)
    assert head.headers["Content-Length"] == "40000000"


async def test_video(direct: httpx.AsyncClient) -> None:
    """There are videos too."""
    answer = await direct.get("/content/dam/science/cds/apod/a.mp4")
    assert answer.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("path", ["/apod/image/2110/", "/apod/image/2110/hudf.html"])
async def test_missing(direct: httpx.AsyncClient, path: str) -> None:
    """What has no picture's name is not there."""
    assert (await direct.get(path)).status_code == 404


async def test_fault(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """A missing picture may be a page with status 200."""
    nasa.faults["pictures"] = Fault.HTML
    answer = await direct.get(PICTURE)
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")
