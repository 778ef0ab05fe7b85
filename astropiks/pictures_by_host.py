"""Links to pictures for whoever asks: development's service has several addresses at once.

This machine, an emulator and a phone reach it by different names, and an app sends its token to
the one alone that it was given. So records lead to the address that they were asked for at, if it
is one of those that are known: no other finds its way into them.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from astropiks.base_urls import all_base_urls
from edge.settings import Settings
from proxy.picture_links import PictureLinks


class PicturesByHost:
    """Before an application whose records have no links of their own."""

    def __init__(self, app: ASGIApp, links: Mapping[str, PictureLinks]) -> None:
        """Stand before *app*, with *links* by the `Host` that they lead to."""
        self._app = app
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] == "http":
            links = self._links.get(Headers(scope=scope).get("host", ""))
            if links is not None:
                service = scope["state"]["apod"].linking(links)
                scope = {**scope, "state": {**scope["state"], "apod": service}}
        await self._app(scope, receive, send)


def links_by_host(settings: Settings) -> dict[str, PictureLinks]:
    """Give links to each address that a process with *settings* is told to have."""
    return {
        url.removeprefix("http://"): PictureLinks(url, settings.image_hosts)
        for url in all_base_urls(settings)
    }
