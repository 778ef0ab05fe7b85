"""Picture files for the page, which loads nothing from elsewhere: `/console/v2/<host>/…`.

It is the proxy's own way to pictures, without a token, because `<img>` can send none. What records
say of their addresses is left as it is; only the page asks here in their place.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from edge.problems import exception_handlers
from edge.settings import Settings
from proxy import images
from proxy.app import MAX_STREAMS, picture_source
from proxy.picture_links import PictureLinks
from proxy.sources.client import open_client

BASE = "/console"


def at_nasa(url: str, base: str) -> str:
    """Give NASA's own address for one that leads through the service at *base*, as records may."""
    through = f"{base}/v2/"
    return f"https://{url.removeprefix(through)}" if url.startswith(through) else url


class Pictures:
    """An ASGI application below `BASE`, to be used while it is opened."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = Starlette(
            routes=images.routes(settings.image_hosts), exception_handlers=exception_handlers()
        )
        self._app.router.redirect_slashes = False
        self._links = PictureLinks(BASE, settings.image_hosts)
        self._state: images.PicturesState = {}

    def address(self, url: str) -> str | None:
        """Give where the page gets the file at *url*, an address of NASA's; None if nowhere."""
        address = self._links.link(url)
        return address if address.startswith(f"{BASE}/") else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the way out, and close it."""
        async with open_client(None, MAX_STREAMS) as client:
            self._state = {"pictures": picture_source(self._settings, client)}
            try:
                yield
            finally:
                self._state = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the proxy would."""
        inner = {
            **scope,
            "path": scope["path"].removeprefix(BASE),
            "raw_path": scope["raw_path"].removeprefix(BASE.encode()),
            "root_path": "",
            "state": self._state,
        }
        await self._app(inner, receive, send)
