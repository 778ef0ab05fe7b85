"""The other APIs behind api.nasa.gov, as they answer, with our key."""

from collections.abc import AsyncIterator

import httpx

from proxy.sources.exchange import observed_call, require_success
from proxy.sources.key import NasaKey
from proxy.sources.quota import Quota
from proxy.sources.stream import Stream, open_stream

SOURCE = "other_apis"

MAX_BYTES = 32 * 1024 * 1024
"""A month of asteroids has about 1 MB, a picture of the Earth 3 MB."""

OWN_ERRORS = frozenset({400, 404, 405, 422})
"""By which NASA's back ends answer a client's mistake: these go on, with their bodies."""


class OtherApis:
    """Asks them, within the one quota that NASA grants to the key."""

    def __init__(
        self, client: httpx.AsyncClient, *, base_url: str, key: NasaKey, quota: Quota
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._key = key
        self._quota = quota

    async def open(self, path: str, query: str) -> Stream:
        """Begin to get one answer; the caller closes what it is given.

        Args:
            path: checked, with the slash at its start.
            query: checked, without any `api_key`.

        Raises:
            SourceError: NASA failed, or the quota does not allow it.
        """
        await self._quota.learn()
        admitted = self._quota.admit()
        query = "&".join(filter(None, (query, self._key.query())))
        url = f"{self._base_url}{path}" + (f"?{query}" if query else "")
        request = self._client.build_request(
            "GET", url, headers={"Accept": "*/*", **self._key.headers()}
        )
        with observed_call(SOURCE):
            stream = await open_stream(self._client, request, max_bytes=MAX_BYTES)
            try:
                self._quota.note(stream.status, stream.headers, admitted)
                if stream.status not in OWN_ERRORS:
                    require_success(stream.status, stream.headers)
                stream.require_plain()
                for name in self._repeating(stream):
                    del stream.headers[name]
            except BaseException:
                await stream.aclose()
                raise
            return stream

    def _repeating(self, stream: Stream) -> list[str]:
        """Name the headers that repeat the key."""
        texts = [spelling.decode() for spelling in self._key.spellings()]
        items = stream.headers.items()
        return [name for name, value in items if any(text in value for text in texts)]

    def chunks(self, stream: Stream) -> AsyncIterator[bytes]:
        """Give a stream's body with the key blotted out, where NASA repeats it as a text.

        NeoWs writes the caller's key into the links of its answers.
        """
        return blotted(stream.chunks(), self._key.spellings())


async def blotted(chunks: AsyncIterator[bytes], secrets: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    """Put asterisks, as many, in place of each of *secrets*, also where it spans two chunks."""
    longest = max(map(len, secrets))
    kept = b""
    async for chunk in chunks:
        kept += chunk
        for secret in secrets:
            kept = kept.replace(secret, b"*" * len(secret))
        # The end may be the beginning of a secret: it waits for what follows.
        ready = max(0, len(kept) - longest + 1)
        if ready:
            yield kept[:ready]
            kept = kept[ready:]
    if kept:
        yield kept
