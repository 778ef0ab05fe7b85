"""Two days of phones within a minute or two, by a clock that goes on when a phone asks.

The whole application on a real socket, NASA's stand-in on another, and one clock for both. On the
first day all is as always; on the second NASA's picture is late, and then corrected.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from starlette.types import Receive, Scope, Send

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.server import serving
from benchmarks import phones
from standin import archive, calendar
from standin.app import APOD_PATH, HOURLY_LIMIT, SCIENCE_PATH, StandIn
from standin.calendar import SettableClock
from standin.conditions import CORRECTION
from tests.conftest import NASA_KEY, SECRET, make_settings
from tests.proof import truth
from tests.proof.pacing import Answer, Ask, Pool
from tests.proof.record import IS_WHOLE, Record, scaled

DAY = 86_400
BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT = (BEGIN + timedelta(hours=12)).timestamp()
OUT = MIDNIGHT + 5 * 3600 + 300
"""Five past midnight in New York, in winter."""

LATE_DAY = date(2026, 11, 25)
RELEASED = OUT + DAY + 2 * 3600
CORRECTED = RELEASED + 4 * 3600

LINES = 4
PACE_SECONDS = 0.5
"""Between requests around each change. In between as many come as in a day of phones."""

PER_DAY = scaled(6_000, 60_000)

CHANGES = [MIDNIGHT, OUT, MIDNIGHT + DAY, OUT + DAY, RELEASED, CORRECTED, CORRECTED + 3600]
AROUND = (-300, 800)
"""Seconds before and after a change in which phones ask most."""

END = CORRECTED + 2 * 3600 if IS_WHOLE else OUT + 1200

LATEST, LATEST_AT_NIGHT, NOTHING, RECORD = 600, 60, 300, 3600
"""The promised lifetimes in seconds: of the latest, from 04:00 to 06:00 UTC too, of the answer that
there is no picture yet, and of a record of these days."""

CALL_SECONDS = 20
"""Besides, for a call of NASA: it takes milliseconds, in which some ten phones ask, half a second
from one another."""


class CountedNasa:
    """The stand-in, whose picture of one day is late; counts the calls by API and hour."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self._app = StandIn(keys={NASA_KEY}, clock=clock)
        self._app.conditions.missing_days = {LATE_DAY}
        self.calls: Counter[tuple[str, int]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a call, then answer it."""
        if scope["type"] == "http":
            name = {APOD_PATH: "api.nasa.gov"}.get(scope["path"], "science.nasa.gov")
            assert scope["path"].startswith((APOD_PATH, SCIENCE_PATH))
            self.calls[name, int(self._clock.now // 3600)] += 1
        await self._app(scope, receive, send)

    def reach(self, now: float) -> None:
        """Let come what has its time."""
        conditions = self._app.conditions
        if now >= RELEASED and conditions.missing_days:
            conditions.missing_days = set()
        if now >= CORRECTED and not conditions.edited_days:
            conditions.edited_days = {LATE_DAY}

    def most(self, name: str) -> int:
        """Give the calls of the busiest hour."""
        return max(number for (api, _), number in self.calls.items() if api == name)

    def all(self, name: str) -> int:
        """Give the calls of all hours."""
        return sum(number for (api, _), number in self.calls.items() if api == name)


def latest_at(now: float) -> date:
    """Give the picture that NASA shows."""
    day = calendar.latest_published(now)
    return day - timedelta(days=1) if day == LATE_DAY and now < RELEASED else day


def right_at(day: date, now: float) -> frozenset[bytes]:
    """Give the right bodies for a day, whose picture is out."""
    if day != LATE_DAY or now < CORRECTED:
        return truth.forms(day)
    record = archive.record(day)
    record = {**record, "explanation": f"{record['explanation']} {CORRECTION}"}
    both = truth.of_legacy(record), truth.of_science(day, record)
    return frozenset(map(truth.written, both))


def since(begin: float, lifetime: float) -> float:
    """Give the earliest time of which an answer to a question of *begin* may tell."""
    return begin - lifetime - CALL_SECONDS


def lifetime_of_latest(now: float) -> int:
    """Give the promise at a time."""
    return LATEST_AT_NIGHT if 4 <= now % DAY / 3600 < 6 else LATEST


@dataclass(slots=True)
class Phones:
    """Ask, each time a moment later, and judge.

    Attributes:
        clock: which goes on with each request.
        nasa: behind the service.
        statuses: of the answers.
        oldest: for how many seconds after a change an answer was as before it.
    """

    clock: SettableClock
    nasa: CountedNasa
    statuses: Counter[int] = field(default_factory=Counter)
    oldest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311

    def times(self) -> Iterator[float]:
        """Give when phones ask: by the pattern of a day, and all the time around each change."""
        openings, now = phones.openings(), BEGIN.timestamp()
        midnight = now - now % DAY
        while now < END:
            is_near = any(change + AROUND[0] <= now < change + AROUND[1] for change in CHANGES)
            coming = (change + AROUND[0] for change in CHANGES if change + AROUND[0] > now)
            drawn = midnight + openings.next(now - midnight, PER_DAY, self._chance)
            now = now + PACE_SECONDS if is_near else min(drawn, min(coming, default=drawn))
            yield now

    def ask(self, now: float) -> Ask:
        """Move the clock, and make a request."""
        self.nasa.reach(now)
        self.clock.now = now
        draw = self._chance.random()
        today = truth.utc_day(now)
        if draw < 0.7:
            return self._get("latest", "", now)
        if draw < 0.85:
            return self._get("today", f"?date={today}", now)
        first, last = today - timedelta(days=6), today
        return self._get("gallery", f"?start_date={first}&end_date={last}", now)

    def _get(self, kind: str, query: str, begin: float) -> Ask:
        device = {"did": f"phone {self._chance.randrange(1000)}"}
        token = mint(SECRET, now=begin, expires_in=300, more=device)
        head = f"GET {APOD_PATH}{query} HTTP/1.1\r\nHost: x\r\nApproov-Token: {token}\r\n\r\n"

        def check(answer: Answer, _: float, __: float) -> str | None:
            self.statuses[answer.status] += 1
            end = self.clock.now
            is_right = getattr(self, f"_is_{kind}")(answer, begin, end)
            at = datetime.fromtimestamp(begin, UTC)
            return None if is_right else f"at {at}: {answer.status} {answer.body[:120]!r}"

        return Ask(kind, head.encode(), check)

    def _is_latest(self, answer: Answer, begin: float, end: float) -> bool:
        """Compare with what NASA has shown since the beginning of the promised lifetime."""
        if answer.status != 200:
            return False
        times = (since(begin, lifetime_of_latest(begin)), begin, end)
        self._note_age(answer, begin)
        return any(answer.body in right_at(latest_at(time), time) for time in times)

    def _is_today(self, answer: Answer, begin: float, end: float) -> bool:
        """Compare likewise; that there is no picture is right before it is out."""
        today = truth.utc_day(begin)
        is_out = latest_at(since(begin, NOTHING)) >= today
        if answer.status == 404:
            return not is_out
        times = (since(begin, RECORD), begin, end)
        is_right = any(answer.body in right_at(today, time) for time in times)
        return answer.status == 200 and is_right and latest_at(end) >= today

    def _is_gallery(self, answer: Answer, begin: float, end: float) -> bool:
        """Compare likewise each record of a list, and which there are."""
        if answer.status != 200:
            return False
        today = truth.utc_day(begin)
        members = json.loads(answer.body)
        days = [date.fromisoformat(one["date"]) for one in members]
        first = today - timedelta(days=6)
        lists = [
            [first + timedelta(days=n) for n in range((latest_at(time) - first).days + 1)]
            for time in (since(begin, NOTHING), begin, end)
        ]
        times = (since(begin, RECORD), begin, end)
        return days in lists and all(
            any(truth.written(one) in right_at(day, time) for time in times)
            for one, day in zip(members, days, strict=True)
        )

    def _note_age(self, answer: Answer, begin: float) -> None:
        """See for how long after the publications the pictures before them were given out."""
        for moment in (OUT, RELEASED):
            if moment < begin < moment + 3600:
                before = latest_at(moment - 1)
                if answer.body in truth.forms(before):
                    self.oldest = max(self.oldest, begin - moment)


async def test_days(proof: Record, figure: Callable[[str], None]) -> None:
    """At every moment of two days each phone gets what is right then, within its lifetime."""
    clock = SettableClock(BEGIN)
    nasa = CountedNasa(clock)
    with serving(nasa) as nasa_url:
        urls = {"nasa_api_base_url": nasa_url, "nasa_science_base_url": nasa_url}
        app = create_app(make_settings(**urls, apod_warm_days=30), clock=clock)
        with serving(app) as url:
            asking = Phones(clock, nasa)
            pool = Pool([int(url.rpartition(":")[2])])
            began = time.monotonic()
            try:
                await pool.add(LINES)
                for moment in asking.times():
                    await pool.one_idle()
                    pool.send(asking.ask(moment), time.time())
                await pool.settle()
            finally:
                await pool.aclose()
            seconds = time.monotonic() - began
    hours = (END - BEGIN.timestamp()) / 3600
    for what, shown in {
        "simulated": f"{hours:.0f} h in {seconds:.0f} s, "
        f"{hours * 3600 / seconds:,.0f} times as fast",
        "requests": f"{asking.statuses.total():,}",
        "wrong answers": str(len(pool.came.wrong)),
        "answers 5xx": str(sum(n for status, n in asking.statuses.items() if status >= 500)),
        "answers 404": f"{asking.statuses[404]:,}, each for the date of a picture not yet out",
        "the picture before was given out until": f"{asking.oldest:.0f} s after the publication",
        "calls of api.nasa.gov": f"{nasa.all('api.nasa.gov'):,}, in the busiest hour "
        f"{nasa.most('api.nasa.gov'):,} of {HOURLY_LIMIT:,}",
        "calls of science.nasa.gov": f"{nasa.all('science.nasa.gov'):,}, in the busiest hour "
        f"{nasa.most('science.nasa.gov'):,}",
    }.items():
        proof.row("day", what=what, shown=shown)
        figure(f"days of phones: {what}: {shown}")
    assert pool.came.wrong[:5] == []
    assert {*asking.statuses} == {200, 404}
    assert nasa.most("api.nasa.gov") <= HOURLY_LIMIT // 4
