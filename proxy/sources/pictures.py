"""The hosts of NASA's pictures: no key, no cookie, and no way off them."""

import asyncio
import re
from collections.abc import Collection, Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from proxy.errors import NoPictureError, SourceInvalidError
from proxy.sources.client import DEADLINE_SECONDS, translated_errors
from proxy.sources.exchange import observed_call, require_success
from proxy.sources.headers import media_type
from proxy.sources.stream import Stream, open_stream
from proxy.upstream_path import below, plain_query

SOURCE = "pictures"

MAX_REDIRECTS = 3

REDIRECTS = frozenset({301, 302, 303, 307, 308})

CONTENT_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12}|\*)")


class PictureSource:
    """Pictures, streamed."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        hosts: Collection[str],
        max_bytes: int,
        base_url: str | None = None,
    ) -> None:
        """Reach some hosts.

        Args:
            client: the way out.
            hosts: their names. Nothing else is ever asked, wherever one redirects to.
            max_bytes: the largest file that is passed on.
            base_url: in place of the hosts themselves, an address with a folder for each.
        """
        self._client = client
        self._hosts = frozenset(hosts)
        self._max_bytes = max_bytes
        self._base_url = base_url

    async def open(
        self, method: str, host: str, path: str, query: str, conditions: Mapping[str, str]
    ) -> Stream:
        """Begin to get one file; the caller closes what it is given.

        Args:
            method: GET or HEAD.
            host: one of the hosts.
            path: the path there, without the slash at its start.
            query: the query there, or nothing.
            conditions: checked headers of RFC 9110 sections 13 and 14.

        Raises:
            NoPictureError: there is none.
            SourceError: the host failed, or sent what is no picture.
        """
        with observed_call(SOURCE):
            async with translated_errors(), asyncio.timeout(DEADLINE_SECONDS):
                return await self._follow(method, host, path, query, conditions)

    async def _follow(
        self, method: str, host: str, path: str, query: str, conditions: Mapping[str, str]
    ) -> Stream:
        """Ask, and ask where the host says instead, a few times."""
        for _ in range(1 + MAX_REDIRECTS):
            stream = await self._open(method, host, path, query, conditions)
            if stream.status not in REDIRECTS:
                return await _checked(stream, conditions)
            await stream.aclose()
            here = f"https://{host}/{path}"
            host, path, query = self._target(here, stream.headers.get("Location", ""))
        raise SourceInvalidError("the host redirects in a circle")

    async def _open(
        self, method: str, host: str, path: str, query: str, conditions: Mapping[str, str]
    ) -> Stream:
        base = f"https://{host}" if self._base_url is None else f"{self._base_url}/{host}"
        url = f"{base}/{path}" + (f"?{query}" if query else "")
        headers = {"Accept": "image/*, video/mp4", **conditions}
        request = self._client.build_request(method, url, headers=headers)
        return await open_stream(self._client, request, max_bytes=self._max_bytes)

    def _target(self, here: str, location: str) -> tuple[str, str, str]:
        """Take a redirect's address apart, if it leads to a file on one of the hosts."""
        try:
            url = urlsplit(urljoin(here, location))
            if url.scheme not in {"http", "https"} or url.netloc not in self._hosts:
                raise SourceInvalidError("the host redirects to another")
            return url.netloc, below("/", url.path.encode()), plain_query(url.query.encode())
        except ValueError:
            raise SourceInvalidError("the address of a redirect cannot be used") from None


async def _checked(stream: Stream, conditions: Mapping[str, str]) -> Stream:
    try:
        _check(stream, conditions)
    except Exception:
        await stream.aclose()
        raise
    return stream


def _check(stream: Stream, conditions: Mapping[str, str]) -> None:
    """Demand a picture, or an answer to a condition that was sent."""
    match stream.status:
        case 403 | 404 | 410:  # how file servers say that they have no such file
            raise NoPictureError("there is no such picture")
        case 304 if conditions.keys() & {"If-None-Match", "If-Modified-Since"}:
            return
        case 416 if "Range" in conditions:
            return
        case 206 if "Range" in conditions:
            _check_part(stream)
        case status:
            require_success(status, stream.headers, has_key=False)
    stream.require_plain()
    kind = media_type(stream.headers)
    if not kind.startswith("image/") and kind != "video/mp4":
        raise SourceInvalidError("the file is no picture")


def _check_part(stream: Stream) -> None:
    """Demand a part that says where it belongs, of a file that is not too large as a whole."""
    match = CONTENT_RANGE.fullmatch(stream.headers.get("Content-Range", ""))
    if match is None or int(match[1]) > int(match[2]):
        raise SourceInvalidError("a part of a file does not say which")
    if match[3] != "*" and not int(match[2]) < int(match[3]) <= stream.max_bytes:
        raise SourceInvalidError("a part is of a file that is too large, or beyond its end")
