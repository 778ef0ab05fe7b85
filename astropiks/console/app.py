"""The console before the application: it answers its own paths, and passes everything else on."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from astropiks.apps import Application
from astropiks.console.askers import Askers
from astropiks.console.callers import may_ask
from astropiks.console.key import ConsoleKey
from astropiks.console.own_paths import is_own
from astropiks.console.page import About, Page
from astropiks.console.pictures import Pictures
from astropiks.console.routes import Requests, Samples, routes
from astropiks.console.switchboard import Switchboard
from astropiks.console.verdicts import Verdicts
from attestation.claims import Clock
from edge import metrics
from edge.fast_path import FastPath, Header, Reply
from edge.problems import exception_handlers
from edge.settings import DevelopmentSettings
from standin.conditions import Conditions

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer that does not have its own, as pictures do."""


class Console:
    """The ASGI application of `astropiks dev`.

    Gate and composition know nothing of it. Whoever may not see it, gets their answer; whoever
    might, but has no key, is told where it is.
    """

    def __init__(
        self,
        app: Application,
        settings: DevelopmentSettings,
        about: About,
        key: ConsoleKey,
        *,
        conditions: Conditions | None = None,
        clock: Clock = time.time,
        samples: Samples = metrics.samples,
    ) -> None:
        """Stand before *app*.

        Args:
            app: everything else.
            settings: of *app*, also for the tokens that are made here.
            about: what to say of it.
            key: opens it.
            conditions: of the stand-in for NASA, if there is one.
            clock: the present, as Unix time in seconds; of *app*, too.
            samples: gives what has been counted.
        """
        self.fast_path = BehindConsole(app.fast_path) if app.fast_path else None
        self._app = app
        self._key = key
        self._pictures = Pictures(settings)
        askers = Askers(settings, clock)
        page = Page(app, settings, about, askers, self._pictures)
        switchboard = Switchboard(conditions) if conditions is not None else None
        requests = Requests(settings, askers, Verdicts(settings, app.paths, clock))
        self._console = Starlette(
            routes=routes(page, requests, self._pictures, switchboard, samples),
            exception_handlers=exception_handlers(),
        )
        self._console.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the connection on."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http" and is_own(scope["path"]) and may_ask(scope):
            answer = self._key.answer(scope) or self._console
            await answer(dict(scope), receive, _hardened(send))
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open what pictures need; close it before the server is told that all has ended."""
        async with AsyncExitStack() as stack:

            async def send_closed(message: Message) -> None:
                if message["type"].startswith("lifespan.shutdown"):
                    await stack.aclose()
                await send(message)

            await stack.enter_async_context(self._pictures.opened())
            await self._app(scope, receive, send_closed)


class BehindConsole:
    """The application's fast path, for what is not the console's."""

    def __init__(self, fast_path: FastPath) -> None:
        self._fast_path = fast_path

    def answer(self, target: bytes, headers: Sequence[Header], peer: str) -> Reply | None:
        """See `FastPath.answer`."""
        path = target.partition(b"?")[0].decode("latin-1")
        return None if is_own(path) else self._fast_path.answer(target, headers, peer)


def _hardened(send: Send) -> Send:
    async def send_hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_hardened
