"""One call of one of NASA's APIs, by the classes that serve, with what its answer tells besides."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from proxy import freshness
from proxy.errors import SourceError, SourceInvalidError
from proxy.records import Record
from proxy.sources.client import DEADLINE_SECONDS, Client
from proxy.sources.headers import whole_number
from proxy.sources.source import Api


class Answer(Protocol):
    """An answer, as far as its head is looked at."""

    @property
    def headers(self) -> Any:  # noqa: ANN401  (of `httpx`, which is imported elsewhere)
        """Its headers."""


@dataclass(slots=True)
class Call:
    """What came of a call.

    Attributes:
        name: of the source.
        asked_at: Unix time in seconds.
        answered_at: when the head of the answer was there.
        seconds: how long all of it took.
        date: when the server says that it answered, in HTTP's form.
        remaining: calls that are left this hour.
        limit: calls that an hour has.
        record: the latest record, if it came.
        failure: what came instead.
    """

    name: str
    asked_at: float = 0
    answered_at: float = 0
    seconds: float = 0
    date: str = ""
    remaining: int | None = None
    limit: int | None = None
    record: Record | None = None
    failure: SourceError | None = field(default=None, repr=False)

    async def note(self, answer: Answer) -> None:
        """Look at the head of an answer."""
        self.answered_at = time.time()
        self.date = str(answer.headers.get("Date", ""))
        self.remaining = whole_number(answer.headers.get("X-RateLimit-Remaining", ""))
        self.limit = whole_number(answer.headers.get("X-RateLimit-Limit", ""))


async def call(name: str, source: Api, client: Client) -> Call:
    """Ask *source* for its latest record, once, by *client*, which it has for itself."""
    made = Call(name, asked_at=time.time())
    client.event_hooks = {"request": [], "response": [made.note]}
    began = time.perf_counter()
    try:
        newest = freshness.today(made.asked_at)
        made.record = await source.fetch(None, newest=newest, seconds=DEADLINE_SECONDS)
    except SourceError as error:
        made.failure = error
    except Exception as error:  # noqa: BLE001  (whatever NASA sends, it is told in a line)
        made.failure = SourceInvalidError(f"the answer cannot be read ({type(error).__name__})")
    made.seconds = time.perf_counter() - began
    return made
