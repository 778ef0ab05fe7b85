import contextlib
import json
import time
from datetime import date

import httpx
import pytest

from proxy import errors
from proxy.errors import NoRecordError, SourceError
from proxy.records import InvalidRecordError
from proxy.sources import science
from proxy.sources.client import open_client
from proxy.sources.exchange import Upstream
from proxy.sources.posts import at_screen_size, explanation, v1_members
from proxy.sources.quota import Quota
from proxy.sources.science import ScienceSource
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import ENDING, Fault

TODAY = date(2026, 11, 23)
ASSETS = "https://assets.science.nasa.gov/dynamicimage/assets/science/cds/apod/apod/2026/september"
PAGE = "https://science.nasa.gov/image-article/apod-2026-september-29-sh2-188-the-shrimp-nebula/"

SHRIMP = {
    "date": "2026-09-29",
    "post_id": 1420794,
    "title": "Sh2-188: The Shrimp Nebula",
    "media_type": "image",
    "explanation": "<strong>Explanation: </strong> What is <a href='/x'>it</a>?<br><br>More.",
    "credit": "Pawel Piechnik",
    "permalink": PAGE,
    "url": PAGE,
    "hdurl": f"{ASSETS}/Shrimp_Pawel_2048.jpg?w=2048&h=2560&fit=clip&crop=faces%2Cfocalpoint",
}


def test_image() -> None:
    """A picture comes with its address twice, not with the article's; nobody holds a copyright."""
    assert v1_members(SHRIMP) == {
        "date": "2026-09-29",
        "title": "Sh2-188: The Shrimp Nebula",
        "explanation": "What is it?",
        "media_type": "image",
        "service_version": "v1",
        "url": f"{ASSETS}/Shrimp_Pawel_2048.jpg?w=1080&h=1350&fit=clip&crop=faces%2Cfocalpoint",
        "hdurl": SHRIMP["hdurl"],
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"video_asset": "https://x.test/a.mp4"}, "https://x.test/a.mp4"),
        (
            {"basic_html": '<p><iframe src="//www.youtube.com/embed/x?a=1&amp;b=2"></iframe>'},
            "//www.youtube.com/embed/x?a=1&b=2",
        ),
        ({"basic_html": "<p>"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("kind", ["video", "iframe"])
def test_video(kind: str, changes: dict[str, str], expected: str | None) -> None:
    """A video or frame is a video where its address is told, else v1's other."""
    members = v1_members({**SHRIMP, "media_type": kind, **changes})
    assert members.get("url") == expected
    assert members["media_type"] == ("video" if expected else "other")
    assert "hdurl" not in members


@pytest.mark.parametrize(
    "hdurl", ["", "http://x.test/a.jpg", "https://x.test/news-thumbnail.png", None]
)
def test_no_picture(hdurl: str | None) -> None:
    """A post that has no real picture is no record."""
    with pytest.raises(InvalidRecordError):
        v1_members({**SHRIMP, "hdurl": hdurl})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<strong>Explanation: </strong> One. Two.<br><br>Jigsaw<br>Fun", "One. Two."),
        ("<strong> Explanation: </strong>A &amp; B &#8217;s<br> <br/>x", "A & B ’s"),
        ("<p><strong>Explanation:</strong> A <b>bold</b>\n line<br>break</p>", "A bold line break"),
        ("<p>One.</p><p>Two <a href='x'>linked</a>.</p>", "One. Two linked."),
        ("<strong>Explanation: </strong> <br><br>Tomorrow's picture: x", ""),
        ("<br><br><strong>Explanation:</strong> After breaks.", "After breaks."),
        ("No heading, <strong>but strong</strong> words.", "No heading, but strong words."),
        ("", ""),
        ("plain", "plain"),
        ("<script>alert(1)</script>x", "x"),
    ],
)
def test_explanation(html: str, text: str) -> None:
    """The text is what a reader sees, without the heading and what follows the text."""
    assert explanation(html) == text


def test_lines_of_a_credit() -> None:
    """Names on lines of their own are not glued together, as they are in NASA's v1."""
    members = v1_members({**SHRIMP, "copyright": "Red Bull Stratos<br>GoPro"})
    assert members["copyright"] == "Red Bull Stratos GoPro"


def test_copyright() -> None:
    """A copyright is told where there is one."""
    members = v1_members({**SHRIMP, "copyright": "<a href='x'>Jos&eacute;\n L.</a>"})
    assert members["copyright"] == "José L."


@pytest.mark.parametrize(
    ("address", "small"),
    [
        (
            "https://x.test/a.jpg?w=4096&h=2048&fit=clip",
            "https://x.test/a.jpg?w=1080&h=540&fit=clip",
        ),
        ("https://x.test/a.jpg?w=1080&h=540", "https://x.test/a.jpg?w=1080&h=540"),
        ("https://x.test/a.jpg?w=800&h=600", "https://x.test/a.jpg?w=800&h=600"),
        ("https://x.test/a.jpg?fit=clip&w=2160&h=1", "https://x.test/a.jpg?fit=clip&w=1080&h=1"),
        ("https://x.test/a.jpg", "https://x.test/a.jpg"),
    ],
)
def test_screen_size(address: str, small: str) -> None:
    """The smaller picture is asked for by the address's own parameters, in proportion."""
    assert at_screen_size(address) == small


def make(http: httpx.AsyncClient) -> ScienceSource:
    """Make a source."""
    upstream = Upstream("science", http, Quota("science", time.time))
    return ScienceSource(upstream, base_url="https://science.nasa.test")


async def fetch(nasa: StandIn, day: date | None) -> str:
    """Ask for one record and give its date."""
    async with open_client(httpx.ASGITransport(nasa)) as http:
        source = make(http)
        return (await source.fetch(day, newest=TODAY, seconds=5)).day.isoformat()


async def test_latest(nasa: StandIn) -> None:
    """The latest is the first of a page of one."""
    assert await fetch(nasa, None) == "2026-11-23"
    assert (nasa.requests[0].path, nasa.requests[0].query) == (
        "/wp-json/wp/v2/apod-basic",
        "per_page=1",
    )


async def test_day(nasa: StandIn) -> None:
    """A day is an address, and no key is sent."""
    assert await fetch(nasa, date(2021, 10, 12)) == "2021-10-12"
    (seen,) = nasa.requests
    assert seen.path == "/wp-json/wp/v2/apod-basic/211012"
    assert "x-api-key" not in seen.headers


async def test_no_record(nasa: StandIn) -> None:
    """Its own 404 means that there is none."""
    with pytest.raises(NoRecordError):
        await fetch(nasa, date(2020, 6, 10))


async def test_range(nasa: StandIn) -> None:
    """A range is one page, turned into ascending order."""
    async with open_client(httpx.ASGITransport(nasa)) as http:
        source = make(http)
        records = (await source.fetch_range(date(2020, 6, 1), date(2020, 6, 25), seconds=5)).records
    days = [record.day.day for record in records]
    assert days == [day for day in range(1, 26) if day != 10]
    assert nasa.requests[0].query == "date_from=200601&date_to=200625&per_page=25"


def answering(answer: httpx.Response) -> httpx.MockTransport:
    """Be a NASA that always answers this."""

    class Streamed(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            yield answer.content

    def answer_anew(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Streamed())

    return httpx.MockTransport(answer_anew)


BAD: dict[str, httpx.Response] = {
    "no route": httpx.Response(404, json={"code": "rest_no_route"}),
    "HTML 404": httpx.Response(404, html="<html>"),
    "HTML": httpx.Response(200, html="<html>"),
    "cut off": httpx.Response(200, content=b"[{", headers={"Content-Type": "application/json"}),
    "list for a day": httpx.Response(200, json=[SHRIMP]),
    "another day": httpx.Response(200, json=SHRIMP),
    "no date": httpx.Response(200, json={**SHRIMP, "date": None}),
    "number": httpx.Response(200, json=7),
    "parameters refused": httpx.Response(400, json={"code": "rest_invalid_param"}),
    "unavailable": httpx.Response(503, text="upstream connect error"),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
async def test_failures(answer: httpx.Response) -> None:
    """Whatever is no record of that day is a failure, and nothing else."""
    async with open_client(answering(answer)) as http:
        source = make(http)
        with pytest.raises(SourceError):
            await source.fetch(date(2021, 10, 12), newest=TODAY, seconds=5)
        if answer is not BAD["list for a day"]:
            with pytest.raises(SourceError):
                await source.fetch_range(date(2021, 10, 12), date(2021, 10, 13), seconds=5)
            with pytest.raises(SourceError):
                await source.fetch(None, newest=date(2026, 9, 28), seconds=5)


async def test_ignored_parameters() -> None:
    """If the range is ignored, as unknown parameters are, the latest page is not taken for it."""
    async with open_client(answering(httpx.Response(200, json=[SHRIMP]))) as http:
        source = make(http)
        with pytest.raises(errors.SourceInvalidError):
            await source.fetch_range(date(2021, 10, 12), date(2021, 10, 13), seconds=5)


async def test_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is bounded too."""
    monkeypatch.setattr(science, "MAX_PAGE_BYTES", 100)
    answer = httpx.Response(200, json=[SHRIMP] * 2)
    async with open_client(answering(answer)) as http:
        source = make(http)
        with pytest.raises(errors.SourceInvalidError, match="longer"):
            await source.fetch_range(TODAY, TODAY, seconds=5)


@pytest.mark.parametrize("fault", ENDING)
async def test_faults(nasa: StandIn, fault: Fault) -> None:
    """Each fault of the stand-in is a failure of the source."""
    nasa.faults["science"] = fault
    for day in (None, date(2021, 10, 12)):
        with pytest.raises(SourceError):
            await fetch(nasa, day)


def test_standin_is_json(clock: SettableClock) -> None:
    """The posts of the stand-in are what WordPress would send."""
    from standin.science import page  # noqa: PLC0415

    posts, total = page({}, clock.now)
    assert len(posts) == 25
    assert total == 11_480
    assert json.loads(json.dumps(posts)) == posts


ODD = {
    "rejected markup": "<![x y",
    "lone surrogate": "\ud800",
    "endless number": "&#" + "9" * 5000 + ";",
    "many breaks": "<br>" * 20_000,
    "many tags": "<a " * 20_000,
    "many comments": "<!--" * 40_000,
    "very long": "x" * 1_000_000,
    "many frames": "<iframe " * 32_768,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["title", "explanation", "copyright", "basic_html"])
async def test_odd_texts(name: str, text: str) -> None:
    """Text that no parser likes is a record or a failure of the source, at once."""
    post = {**SHRIMP, "media_type": "iframe", name: text}
    body = json.dumps([post] * 8 + [SHRIMP]).encode()
    answer = httpx.Response(200, content=body, headers={"Content-Type": "application/json"})
    began = time.perf_counter()
    async with open_client(answering(answer)) as http:
        source = make(http)
        with contextlib.suppress(SourceError):
            await source.fetch_range(date(2026, 9, 29), date(2026, 9, 29), seconds=5)
    assert time.perf_counter() - began < 2


async def test_one_bad_post() -> None:
    """A post without a picture does not cost its neighbours."""
    bad = {**SHRIMP, "date": "2026-09-28", "hdurl": "https://x.test/news-thumbnail.png"}
    async with open_client(answering(httpx.Response(200, json=[SHRIMP, bad]))) as http:
        source = make(http)
        fetched = await source.fetch_range(date(2026, 9, 28), date(2026, 9, 29), seconds=5)
    assert [record.day.day for record in fetched.records] == [29]
