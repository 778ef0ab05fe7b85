"""Whether the host of today's picture answers."""

import time
from collections.abc import Sequence

from astropiks.doctor.finding import Finding, failed, ok, warning
from edge.settings import Settings
from proxy.app import picture_source
from proxy.errors import NoPictureError, SourceError
from proxy.picture_links import ADDRESS, FILE
from proxy.records import Record
from proxy.sources.client import open_client

SUBJECT = "pictures"


async def picture(settings: Settings, records: Sequence[Record]) -> Finding:
    """Ask for the head of the picture of one of *records*, as `serve` would for a phone."""
    addresses = [record.fields().get("url", "") for record in records]
    files = [found for found in map(ADDRESS.fullmatch, addresses) if found]
    if not files:
        return warning(
            SUBJECT, "Not tried: no record came that has one.", "Try again once NASA answers."
        )
    host, path = files[0][1].lower(), files[0][2].removeprefix("/")
    path, _, query = path.partition("?")
    if host not in settings.image_hosts or not FILE.fullmatch(path):
        return warning(
            SUBJECT,
            f"Today's is at {host}, and is not passed on: apps get NASA's own link.",
            "Fine for a video. A host of pictures goes into IMAGE_HOSTS.",
        )
    return await _head(settings, host, path, query)


async def _head(settings: Settings, host: str, path: str, query: str) -> Finding:
    began = time.perf_counter()
    async with open_client() as client:
        source = picture_source(settings, client)
        try:
            stream = await source.open("HEAD", host, path, query, {})
            await stream.aclose()
        except (SourceError, NoPictureError) as error:
            return failed(
                SUBJECT,
                f"{host} does not give today's picture: {error}.",
                "Try again. If it stays, IMAGE_PROXY=off lets apps get pictures from NASA itself.",
            )
    return ok(SUBJECT, f"{host} answered in {time.perf_counter() - began:.2f} s.")
