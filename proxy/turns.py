"""Who asks NASA: of all processes one at a time for each thing, while the others wait for it."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from edge.flight import FailedElsewhereError, SharedFlight
from proxy.errors import SourceBusyError, SourceError, SourceInvalidError

T = TypeVar("T")

KINDS: dict[str, type[SourceError]] = {kind.outcome: kind for kind in SourceError.__subclasses__()}


class Turns(Protocol):
    """Lets processes take turns."""

    async def once(
        self,
        name: str,
        work: Callable[[], Awaitable[T]],
        keep: Callable[[T], Awaitable[str | None]],
    ) -> T | None:
        """Do *work* and *keep* what it gives, or wait until another process has, and give None.

        What *keep* gives is `tell` of a failure, if part of it has not come.

        Raises:
            SourceError: what *work* raises, wherever it was done.
        """


class NoTurns:
    """There is no other process."""

    async def once(
        self,
        name: str,  # noqa: ARG002
        work: Callable[[], Awaitable[T]],
        keep: Callable[[T], Awaitable[str | None]],
    ) -> T | None:
        """Do *work*, and keep what it gives."""
        result = await work()
        await keep(result)
        return result


class SharedTurns:
    """Takes turns with the other processes."""

    def __init__(self, flight: SharedFlight) -> None:
        self._flight = flight

    async def once(
        self,
        name: str,
        work: Callable[[], Awaitable[T]],
        keep: Callable[[T], Awaitable[str | None]],
    ) -> T | None:
        """Do *work*, or wait; see `Turns`."""
        try:
            return await self._flight.once(f"apod:{name}", work, keep=keep, tell=tell)
        except FailedElsewhereError as told:
            raise failure(str(told)) from None


def tell(error: Exception) -> str:
    """Say what kind of failure it was, and when to come back; never what NASA sent.

    Nothing, if it was this process alone that could not ask.
    """
    match error:
        case SourceBusyError():
            return ""
        case SourceError():
            return f"{error.outcome} {error.retry_after_seconds or ''}".strip()
        case _:
            return SourceInvalidError.outcome


def failure(told: str) -> SourceError:
    """Make of it what the other process failed with."""
    outcome, _, seconds = told.partition(" ")
    kind = KINDS.get(outcome, SourceInvalidError)
    wait = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 6 else None
    return kind("another process asked, and failed", retry_after_seconds=wait)
