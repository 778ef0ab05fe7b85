"""The service on a real socket, with NASA's stand-in behind it and a list of what was asked."""

import asyncio
import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from astropiks.apps import create_app
from astropiks.mint import Invalid, mint
from astropiks.server import serving
from attestation.claims import Clock
from edge.settings import DevelopmentSettings
from standin.app import StandIn
from tests.conftest import NASA_KEY, NASA_URL

PUBLISHED_SECRET = (
    "h+CX0tOzdAAR9l15bWAqvq7w9olk66daIH+Xk+IAHhVVHszjDzeGobzNnqyRze3lw/WVyWrc2gZfh3XXfBOmww=="
)
"""Of Approov's examples; `DevelopmentTokens` has it too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived, and how it was answered."""

    path: str
    headers: Headers
    status: int


HOLD_SECONDS = 10
"""How long one request is kept waiting at most."""


class HeldBack:
    """Keeps one request waiting, then passes it on.

    Attributes:
        arrived: set when it is there.
        may_go: set to let it go on.
        is_over: whether it has gone on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.arrived, self.may_go = threading.Event(), threading.Event()
        self.is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep it waiting."""
        self.arrived.set()
        await asyncio.to_thread(self.may_go.wait, HOLD_SECONDS)
        self.is_over = True
        await self._app(scope, receive, send)


class Watched:
    """Stands before an application, and writes down what it is asked.

    Attributes:
        asked: every request so far.
        answers: given to the next requests in the application's place, as a platform's router may.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.asked: list[Asked] = []
        self.answers: list[ASGIApp] = []

    @contextmanager
    def held_back(self) -> Iterator[HeldBack]:
        """Keep the next request waiting until the end."""
        held_back = HeldBack(self._app)
        self.answers.append(held_back)
        try:
            yield held_back
        finally:
            held_back.may_go.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.asked.append(Asked(scope["path"], Headers(scope=scope), message["status"]))
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self.answers.pop(0) if self.answers else self._app
        await app(scope, receive, send_watched)


@dataclass(frozen=True, slots=True)
class Service:
    """What a test has in its hands.

    Attributes:
        url: base URL, with a slash at its end.
        nasa: the stand-in behind it.
        watched: what stands before it.
    """

    url: str
    nasa: StandIn
    watched: Watched = field(repr=False)

    @property
    def asked(self) -> list[Asked]:
        """Give every request so far."""
        return self.watched.asked


@contextmanager
def served(clock: Clock = time.time, /, **changes: object) -> Iterator[Service]:
    """Serve as `make run` does, with the published secret and *changes* of the settings."""
    nasa = StandIn(keys={NASA_KEY})
    secret = {"approov_base64_secret": PUBLISHED_SECRET}
    urls = dict.fromkeys(("nasa_api_base_url", "nasa_science_base_url"), NASA_URL)
    values = {**secret, **urls, "nasa_api_key": NASA_KEY, "apod_warm_days": 0, **changes}
    settings = DevelopmentSettings.model_validate({k.upper(): v for k, v in values.items()})
    app = Watched(create_app(settings, clock=clock, transport=httpx.ASGITransport(nasa)))
    with serving(app) as url:
        yield Service(f"{url}/", nasa, app)


def token(invalid: Invalid | None = None) -> str:
    """Make a token that the service takes, or one that it does not."""
    return mint(base64.b64decode(PUBLISHED_SECRET), now=time.time(), invalid=invalid)
