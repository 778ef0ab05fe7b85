"""Who was given which secret, and who was refused: one line each, or it does not happen."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal, Protocol

from edge import logs
from edge.link import StreamError
from secrets_service.errors import UndeliverableError

Outcome = Literal["delivered", "refused"]

DEVICE_CHARACTERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event. There is no place for a value in it, nor for its length.

    Attributes:
        outcome: what happened.
        reason: stable code of a refusal, else nothing.
        secret: name of a secret that there is, else nothing.
        version: that was delivered.
        device: keyed hash of the device's id.
        address: that the request came from.
        sealed: whether it was, or should have been, encrypted to the client's key.
        request_id: that of the request's own line.
    """

    outcome: Outcome
    reason: str | None
    secret: str | None
    version: str | None
    device: str | None
    address: str | None
    sealed: bool
    request_id: str | None

    def fields(self) -> dict[str, str]:
        """Give what is known, as text."""
        known = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in known.items()
            if value is not None
        }


class Stream(Protocol):
    """Entries of any kind, one after the other; see `edge.redis_stream`."""

    async def add(self, fields: dict[str, str]) -> None:
        """Add an entry.

        Raises:
            StreamError: it was not taken.
        """


class Sink(Protocol):
    """A place for entries."""

    async def write(self, entry: Entry) -> None:
        """Write one down.

        Raises:
            OSError, ValueError, StreamError: it could not be.
        """


class LogSink:
    """Standard output, whatever LOG_LEVEL says."""

    async def write(self, entry: Entry) -> None:
        """Write one line."""
        await logs.record(f"secret_{entry.outcome}", **entry.fields())


class StreamSink:
    """A Redis stream, which all processes of a service share."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def write(self, entry: Entry) -> None:
        """Add one entry."""
        await self._stream.add({"event": f"secret_{entry.outcome}", **entry.fields()})


class AuditTrail:
    """Writes each entry to every sink."""

    def __init__(self, sinks: list[Sink], key: bytes) -> None:
        """Write to *sinks*; *key* keeps the hashes of devices from being reversed."""
        self._sinks = sinks
        self._key = key

    async def write(self, entry: Entry) -> None:
        """Put *entry* on record: a refusal wherever it can be, a delivery in every place or none.

        Raises:
            UndeliverableError: it could not be, in one of the places.
        """
        failure: UndeliverableError | None = None
        for sink in self._sinks:
            try:
                await sink.write(entry)
            except (OSError, ValueError, StreamError) as error:
                logs.log("error", "audit_failed", reason=type(error).__name__)
                failure = UndeliverableError("the delivery cannot be put on record")
                if entry.outcome == "delivered":
                    break  # it must not stand in the next place as if it had taken place
        if failure:
            raise failure

    def device(self, device_id: str | None) -> str | None:
        """Give what stands for a device: always the same, and no way back to its id."""
        if device_id is None:
            return None
        digest = hmac.digest(
            self._key, b"device:" + device_id.encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        return digest.hex()[:DEVICE_CHARACTERS]

    def version(self, name: str, value: str) -> str:
        """Name a version that has no name of its own after its value, with no way back to it."""
        digest = hmac.digest(self._key, f"version:{name}:{value}".encode(), hashlib.sha256)
        return digest.hex()[:12]
