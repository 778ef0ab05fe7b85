"""The console's key: whoever opens the address that the terminal shows, is let in from then on.

That a request comes from this machine says little: an NGINX or HAProxy here passes on what the
whole network asks, and by its defaults leaves no trace of that. What only the terminal tells, it
cannot add.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Scope

from astropiks.console.own_paths import HOME

PARAMETER = "key"

CLOSED = (
    "Open the address that `make run` printed, the one with `?key=` in it.\n"
    "Each start makes a new key: a tab from before needs the new address.\n"
)


@dataclass(frozen=True, slots=True)
class ConsoleKey:
    """Opens the console of one process.

    Attributes:
        text: the key.
        cookie: name of the cookie that carries it. All ports of a host share their cookies.
    """

    text: str = field(repr=False)
    cookie: str

    @classmethod
    def make(cls, port: int) -> Self:
        """Make a random one for the console at *port*."""
        return cls(secrets.token_urlsafe(32), f"astropiks-console-{port}")

    def address(self, base: str) -> str:
        """Give the address that opens the console at *base*."""
        return f"{base}{HOME}?{PARAMETER}={self.text}"

    def answer(self, scope: Scope) -> Response | None:
        """Let in by the address, refuse without the cookie; None if the console is to answer."""
        if scope["path"] == HOME and self._is(QueryParams(scope["query_string"]).get(PARAMETER)):
            opened = RedirectResponse(HOME, 303)  # so the key does not stay where one sees it
            # Not "strict": the address may be a link in another page, such as a terminal's.
            opened.set_cookie(self.cookie, self.text, httponly=True, samesite="lax")
            return opened
        if self._is(Request(scope).cookies.get(self.cookie)):
            return None
        return PlainTextResponse(CLOSED, 403)

    def _is(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(
            given.encode(errors="replace"), self.text.encode()
        )
