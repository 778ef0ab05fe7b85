"""Answers at once what needs no waiting: hits of attested apps, and refusals.

The server asks here before it starts a task for a request. The rules:

- Nothing is decided here. The gate decides, the limits count, `Ready` finds the answer, the log has
  its line: the same objects as on the long way through the ASGI application.
- Whatever is out of the ordinary gets None and goes the long way, as if it had not been here.
  Nothing is counted before it is certain that the answer goes out from here.
- Nobody waits here. So there is no fast path where a body must be read (message signatures) or
  Redis be asked (shared limits). Nor is there one where requests leave traces.
- What goes out is what the long way would send, byte for byte: `tests/astropiks/test_fast_path.py`.
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from starlette.responses import Response

from attestation.request import HttpRequest
from edge import logs, metrics
from edge.client_address import Routers
from edge.gate import AttestationGate, Refused
from edge.health import Health
from edge.known_paths import KnownPaths
from edge.rate_limit import OVER_RATE_LIMIT, Counted, DeviceLimit
from edge.request_log import closed, request_id_of

PLAIN_PATH = re.compile(rb"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+/?|/")
"""Paths that mean to everybody what they look like: no escapes, dots or empty segments."""

NOT_LIMITED = Counted(b"", None)

Header = tuple[bytes, bytes]


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status code.
        head: header lines.
        body: what follows them.
        cache: how it was come by, for the log.
    """

    status: int
    head: bytes
    body: bytes
    cache: str = ""

    @classmethod
    def of(cls, response: Response, cache: str = "") -> "Reply":
        """Write down what *response* would send."""
        head = header_lines(response.raw_headers)
        return cls(response.status_code, head, bytes(response.body), cache)


def header_lines(headers: Iterable[Header]) -> bytes:
    """Write headers as they stand in a response."""
    return b"".join([b"%s: %s\r\n" % header for header in headers])


class Ready(Protocol):
    """Answers of one route that need nothing but to be sent."""

    def find(self, query: bytes, headers: Mapping[bytes, bytes]) -> Reply | None:
        """Give the answer to a raw *query* for a request with these *headers*, if it is there."""


class FastPath:
    """Answers GET requests without a body."""

    def __init__(
        self,
        *,
        health: Health,
        gate: AttestationGate,
        device_limit: DeviceLimit | None,
        routers: Routers,
        ready: Mapping[str, Ready],
        paths: KnownPaths,
    ) -> None:
        """Take the parts of the long way.

        Args:
            health: tells when clients are to be sent elsewhere, which the long way does.
            gate: decides.
            device_limit: counts, if anything does.
            routers: know the client's address.
            ready: answers by the path of their route.
            paths: those that may be named in a log line though refused.
        """
        self._health = health
        self._gate = gate
        self._device_limit = device_limit
        self._routers = routers
        self._ready = {path.encode(): answers for path, answers in ready.items()}
        self._paths = paths

    def answer(self, target: bytes, headers: Sequence[Header], peer: str) -> Reply | None:
        """Give the whole answer to ``GET`` *target*, or None, also if something broke here.

        Args:
            target: as it stands in the request line.
            headers: names in lower case.
            peer: address of whoever has connected.
        """
        try:
            return self._answer(target, headers, peer)
        except Exception as error:  # noqa: BLE001  (the long way has an answer for it)
            logs.log("error", "unexpected", exc_info=error)
            return None

    def _answer(self, target: bytes, headers: Sequence[Header], peer: str) -> Reply | None:
        began = time.perf_counter()
        fields = dict(headers)
        raw_path, _, query = target.partition(b"?")
        ready = self._ready.get(raw_path)
        # What a repeated header means, or an odd path, is the long way's business.
        is_plain = len(fields) == len(headers) and (ready or PLAIN_PATH.fullmatch(raw_path))
        if self._health.is_stopping or not is_plain:
            return None
        path = raw_path.decode("ascii")
        request = HttpRequest(
            method="GET",
            origin="",
            path=path,
            query=query.decode("latin-1") or None,
            headers=headers,
        )
        host = self._routers.client(peer, headers)
        decision = self._gate.decide_here(request, host)
        if isinstance(decision, Refused):
            reply = Reply.of(decision.problem.response(path))
            noted = {"reason": decision.reason, "detail": decision.detail, "outcome": "refused"}
            route = self._paths.template(path) or "other"
            return _closed(reply, b"", fields, began, route, **noted)
        found = ready.find(query, fields) if ready and decision else None
        if decision is None or found is None:
            return None
        metrics.count_attestation("accepted")
        limits, problem = NOT_LIMITED
        if self._device_limit is not None:
            limits, problem = self._device_limit.count_here(decision, host)
        if problem is None:
            metrics.count_cache_result("apod", found.cache)
            return _closed(found, limits, fields, began, path, cache=found.cache)
        noted = {"reason": OVER_RATE_LIMIT, "detail": "device"}
        return _closed(Reply.of(problem.response(path)), limits, fields, began, path, **noted)


def _closed(
    reply: Reply,
    limits: bytes,
    fields: Mapping[bytes, bytes],
    began: float,
    route: str,
    **noted: str,
) -> Reply:
    """Give a reply the header lines of its limits and an id, and close the request."""
    request_id = request_id_of(fields.get(b"x-request-id"))
    closed(began, route, reply.status, **noted, request_id=request_id, method="GET")
    head = b"%s%sx-request-id: %s\r\n" % (reply.head, limits, request_id.encode())
    return Reply(reply.status, head, reply.body)
