"""What the head of a request must be, beyond what httptools demands, for anything to come of it."""

from functools import lru_cache
from typing import Final

from attestation.asgi import HOST

VERSIONS: Final = frozenset({"1.0", "1.1"})

FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of requests that are more than a head."""

JUDGED: Final = FRAMING | {b"host"}


class BadBodyError(Exception):
    """Ends the parsing of a request whose head was good; the client gets uvicorn's 400."""


class BadHeadError(Exception):
    """Ends the parsing of a request; the client gets uvicorn's 400."""


@lru_cache(100)
def is_host(value: bytes) -> bool:
    """Tell whether a Host header's value is a host, perhaps with a port."""
    return HOST.fullmatch(value.decode("latin-1")) is not None


class JudgedHeaders:
    """Those of one request by which it may be refused, as far as they have come.

    Attributes:
        has_framing: whether the request may be more than its head.
    """

    __slots__ = ("_has_body", "_hosts", "has_framing")

    def __init__(self) -> None:
        self._hosts = 0
        self._has_body = self.has_framing = False

    def add(self, name: bytes, value: bytes) -> None:
        """Take one of `JUDGED`.

        Raises:
            BadHeadError: it refuses the request by itself.
        """
        if name == b"host":
            self._hosts += 1
            if not is_host(value):
                raise BadHeadError
            return
        self.has_framing = True
        if name == b"transfer-encoding":
            self._has_body = True
            if value.rstrip(b" ").lower() != b"chunked":
                raise BadHeadError  # no other coding is known here (RFC 9112 section 6.1)
        elif name == b"content-length":
            self._has_body |= value.strip(b"0") != b""

    def judge(self, version: str, *, is_upgrade: bool) -> None:
        """Judge the head, now that it is complete.

        Args:
            version: of HTTP.
            is_upgrade: whether the parser takes all that follows the head for another protocol's,
                also a body: nobody could tell it from the next request then.

        Raises:
            BadHeadError: it is no request, or not one that everybody reads alike.
        """
        needs_host = version == "1.1"  # RFC 9112 section 3.2
        if (
            version not in VERSIONS
            or self._hosts > 1
            or self._hosts < needs_host
            or (is_upgrade and self._has_body)
        ):
            raise BadHeadError
