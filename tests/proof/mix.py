"""What phones ask for, and whether what they get is right: the mix of a load."""

import json
import random
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import count

from astropiks.mint import Invalid, mint, sign
from standin.calendar import GAPS, latest_published
from tests.conftest import SECRET
from tests.proof import truth
from tests.proof.judge import Judge
from tests.proof.pacing import Answer, Ask

APOD = "/planetary/apod"

PHONES = 5_000
NEW = 0.3
"""Of the requests with a good token: those with a token that was never seen before."""

TOKEN_SECONDS = 3600

LATEST_SECONDS = 600
"""The promised lifetime of the latest; from 04:00 to 06:00 UTC it is a minute."""

GALLERY_DAYS = 30

SHARES = {
    "latest": 400, "latest, gzip": 150, "latest, If-None-Match": 120, "hot date": 120,
    "gallery": 40, "gallery, gzip": 30, "cold date": 3, "count": 2, "cold range": 1,
    "no token": 20, "forged token": 20, "expired token": 10, "no such token": 10,
    "secret": 40, "names of secrets": 10,
}  # fmt: skip
"""How often each kind is asked for. NASA is asked for one request in 170: more than phones' cold
dates are, and few enough for the slowest hundredth to be of all kinds."""

BAD = {"no token": None, "forged token": Invalid.SIGNATURE, "expired token": Invalid.EXPIRED,
       "no such token": Invalid.MALFORMED}  # fmt: skip

BAD_TOKENS = 200

Check = Callable[[Answer, float, float], str | None]


def _is_any(answer: Answer, _: float, __: float) -> str | None:
    """Expect an answer, or a refusal."""
    return None if answer.status in {200, 401} else f"{answer.status}"


class Mix:
    """Makes requests, and knows what the archive says to each."""

    def __init__(self, judge: Judge, secret: tuple[str, str, str]) -> None:
        """Begin.

        Args:
            judge: knows which errors are right.
            secret: name, value and version of the runtime secret that phones ask for.
        """
        self._judge = judge
        self._secret = secret
        self._chance = random.Random(11)  # noqa: S311
        self._numbers = count(1)
        self._phones = [self._token() for _ in range(PHONES)]
        now = time.time()
        self._bad = {
            kind: [
                mint(SECRET, now=now, invalid=how, more={"n": str(n)}) for n in range(BAD_TOKENS)
            ]
            for kind, how in BAD.items()
            if how is not None
        }
        self._last = latest_published(now)
        self._hot = [self._last - timedelta(days=n) for n in range(GALLERY_DAYS)]
        self._cold = [day for day in truth.days_until(self._last) if day not in self._hot]
        self._chance.shuffle(self._cold)
        self._known_bodies: set[tuple[object, bytes]] = set()
        self._plain: dict[bytes, bytes] = {}
        self._refusal: bytes | None = None
        self._tag = '"none"'
        self._kinds = [*SHARES]
        self._shares = [*SHARES.values()]
        self._makers: dict[str, Callable[[str], Ask]] = {
            "latest": self._latest,
            "latest, gzip": self._latest,
            "latest, If-None-Match": self._latest,
            "hot date": self._hot_date,
            "cold date": self._cold_date,
            "gallery": self._gallery,
            "gallery, gzip": self._gallery,
            "cold range": self._cold_range,
            "count": self._sample,
            "secret": self._deliver,
            "names of secrets": self._names,
            **dict.fromkeys(BAD, self._refused),
        }

    def next(self) -> Ask:
        """Make the next request."""
        (kind,) = self._chance.choices(self._kinds, self._shares)
        return self.of(kind)

    def of(self, kind: str) -> Ask:
        """Make one of a kind."""
        return self._makers[kind](kind)

    def first(self) -> list[Ask]:
        """Make one request for all that is hot: from then on it is held."""
        return [self.of("gallery"), self.of("latest")]

    def another(self) -> Ask:
        """Make a request that fills bounded memories: of an address or a token not seen before."""
        if self._chance.random() < NEW:
            return self._ask("fill", APOD, _is_any, token=self._token())
        return self._ask("fill", APOD, _is_any, token=None)

    def _token(self) -> str:
        device = b64encode(next(self._numbers).to_bytes(16, "big")).decode()
        expiry = int(time.time()) + TOKEN_SECONDS
        return sign({"alg": "HS256", "typ": "JWT"}, {"exp": expiry, "did": device}, SECRET)

    def _ask(self, kind: str, path: str, check: Check, *more: str, token: str | None = "") -> Ask:
        """Write a request as a phone does, each from an address of its own."""
        if token == "":
            is_new = self._chance.random() < NEW
            token = self._token() if is_new else self._chance.choice(self._phones)
        number = self._chance.getrandbits(24)
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: proxy.test",
            "Connection: Keep-Alive",
            "User-Agent: okhttp/4.12.0",
            f"X-Forwarded-For: {address}",
            *([f"Approov-Token: {token}"] if token else []),
            *more,
        ]
        return Ask(kind, "\r\n".join([*lines, "", ""]).encode(), check)

    def _latest(self, kind: str) -> Ask:
        def check(answer: Answer, begin: float, end: float) -> str | None:
            if answer.status == 304 and kind == "latest, If-None-Match":
                return None if answer.header(b"etag").decode() == tag else "304 of another tag"
            if answer.status != 200:
                return self._judge.failure(answer, begin, end, self._hot[:1])
            days = truth.latest_days(begin, end, LATEST_SECONDS)
            body = self._body(answer, kind)
            if not any(body in truth.forms(day) for day in days):
                return f"not the latest: {body[:200]!r}"
            self._judge.hold(answer, self._hot[:1], end)
            if kind == "latest":
                self._tag = answer.header(b"etag").decode()
            return None

        tag = self._tag
        return self._ask(kind, APOD, check, *self._headers(kind, tag))

    def _hot_date(self, kind: str) -> Ask:
        return self._dated(kind, self._chance.choice(self._hot))

    def _cold_date(self, kind: str) -> Ask:
        return self._dated(kind, self._cold_day())

    def _dated(self, kind: str, day: date) -> Ask:
        def check(answer: Answer, begin: float, end: float) -> str | None:
            if answer.status != 200:
                return self._judge.failure(answer, begin, end, [day])
            self._judge.hold(answer, [day], end)
            is_right = self._body(answer, kind) in truth.forms(day)
            return None if is_right else f"not the record of {day}: {answer.body[:200]!r}"

        return self._ask(kind, f"{APOD}?date={day}", check)

    def _gallery(self, kind: str) -> Ask:
        return self._ranged(kind, sorted(self._hot))

    def _cold_range(self, kind: str) -> Ask:
        first = self._cold_day()
        span = [first + timedelta(days=n) for n in range(self._chance.randint(2, 40))]
        return self._ranged(kind, [day for day in span if day <= self._last])

    def _ranged(self, kind: str, span: Sequence[date]) -> Ask:
        days = [day for day in span if day not in GAPS]

        def check(answer: Answer, begin: float, end: float) -> str | None:
            if answer.status != 200:
                return self._judge.failure(answer, begin, end, days)
            body = self._body(answer, kind)
            key = (span[0], span[-1]), body
            if key not in self._known_bodies:
                if not truth.is_list_of(body, days):
                    return f"not the records of {span[0]} to {span[-1]}: {body[:200]!r}"
                if kind != "cold range":
                    self._known_bodies.add(key)
            self._judge.hold(answer, days, end)
            return None

        path = f"{APOD}?start_date={span[0]}&end_date={span[-1]}"
        return self._ask(kind, path, check, *self._headers(kind))

    def _sample(self, kind: str) -> Ask:
        size = self._chance.randint(1, 5)

        def check(answer: Answer, begin: float, end: float) -> str | None:
            if answer.status != 200:
                return self._judge.failure(answer, begin, end, self._hot[:size])
            days = truth.sample_in(answer.body, size, self._last)
            if days is None:
                return f"not {size} records of different days: {answer.body[:200]!r}"
            self._judge.hold(answer, days, end)
            return None

        return self._ask(kind, f"{APOD}?count={size}", check)

    def _refused(self, kind: str) -> Ask:
        def check(answer: Answer, _: float, __: float) -> str | None:
            self._refusal = self._refusal or answer.body
            is_right = answer.status == 401 and answer.body == self._refusal
            return None if is_right else f"{answer.status} {answer.body[:200]!r}"

        token = self._chance.choice(self._bad[kind]) if kind in self._bad else None
        return self._ask(kind, APOD, check, token=token)

    def _deliver(self, kind: str) -> Ask:
        name, value, version = self._secret

        def check(answer: Answer, _: float, __: float) -> str | None:
            told = json.loads(answer.body)
            given = [told.get(member) for member in ("name", "value", "version")]
            is_right = answer.status == 200 and given == [name, value, version]
            return None if is_right else f"{answer.status} {answer.body[:200]!r}"

        return self._ask(kind, f"/secrets/{name}", check)

    def _names(self, kind: str) -> Ask:
        def check(answer: Answer, _: float, __: float) -> str | None:
            told = json.loads(answer.body)
            is_right = answer.status == 200 and [
                (one["name"], one["version"]) for one in told["secrets"]
            ] == [self._secret[::2]]
            return None if is_right else f"{answer.status} {answer.body[:200]!r}"

        return self._ask(kind, "/secrets", check)

    def _headers(self, kind: str, tag: str = "") -> list[str]:
        if kind.endswith("gzip"):
            return ["Accept-Encoding: gzip"]
        return [f"If-None-Match: {tag}"] if kind.endswith("If-None-Match") else []

    def _cold_day(self) -> date:
        """Give a day that was not asked for before, as long as there is one."""
        return self._cold.pop() if self._cold else self._chance.choice(self._hot)

    def _body(self, answer: Answer, kind: str) -> bytes:
        """Give the body of a 200, which is compressed for those alone who take that."""
        coding = answer.header(b"content-encoding")
        if coding != (b"gzip" if kind.endswith("gzip") else b""):
            return b"encoded otherwise"
        if not coding:
            return answer.body
        if answer.body not in self._plain:
            self._plain[answer.body] = zlib.decompress(answer.body, wbits=31)
        return self._plain[answer.body]
