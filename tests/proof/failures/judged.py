"""What came of a request, in a word, and only if every byte that matters is right.

    fresh     what was held, within its lifetime
    new       what NASA has just given, whole
    stale     what was held, past its lifetime: it says so, and may not be kept
    given     a secret, the right one, not to be stored
    204       attested
    502 …     an error, as problem+json that is not to be stored
    cut       an answer that visibly breaks off
    unheard   none: the connection broke, or nothing came in time

Anything else is described by what is wrong with it.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from astropiks.mint import Invalid, mint
from proxy.freshness import latest_published
from proxy.holdings import LATEST_DAYS_BACK
from secrets_service.sealing import public_text, unseal
from standin import archive
from standin.pictures import draw
from tests.conftest import SECRET
from tests.proof.failures.asked import NOTICES, Kind

VALUE = "value-of-the-failure-matrix"

PATIENCE_SECONDS = 15.0

TLS = ssl.create_default_context()
"""Not used, but made for each client if it is not given, which takes longer than all the rest."""

_KEY = generate_private_key(SECP256R1())
PEM = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
RECIPIENT = public_text(_KEY.public_key())

_PICTURE = draw("apod/image/2110/FireballAlberta_Qin_1080.jpg")


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one request.

    Attributes:
        how: in a word; see above.
        seconds: until then.
        body: of the answer.
        retry_after: seconds that an error asks to wait.
    """

    how: str
    seconds: float
    body: bytes = b""
    retry_after: int = 0

    @property
    def is_well(self) -> bool:
        """Whether it is what whoever asks wants."""
        return self.how in {"fresh", "new", "given", "204", "401"}


class App:
    """A genuine app, and where it is refused somebody else's."""

    def __init__(self, url: str, now: Callable[[], float] = time.time) -> None:
        """Ask at *url*, with tokens of *now*, which is NASA's present as well."""
        self.url = url
        self._now = now

    def headers(self, kind: Kind) -> dict[str, str]:
        """Give what it sends."""
        invalid = Invalid.SIGNATURE if kind.group == "refused" else None
        sealed = kind.name == "sealed-secret"
        bind = RECIPIENT if sealed else None
        seconds = kind.token_seconds
        token = mint(SECRET, now=self._now(), expires_in=seconds, bind=bind, invalid=invalid)
        return {"Approov-Token": token} | ({"Secret-Recipient": RECIPIENT} if sealed else {})

    def ask(self, kind: Kind, seconds: float = PATIENCE_SECONDS) -> Seen:
        """Ask on a connection of one's own, and judge."""
        with self.connected(seconds) as client:
            return self.ask_on(client, kind, seconds)

    @contextmanager
    def connected(self, seconds: float = PATIENCE_SECONDS) -> Iterator[httpx.Client]:
        """Be a client that keeps its connection."""
        with httpx.Client(
            base_url=self.url, timeout=seconds, trust_env=False, verify=TLS
        ) as client:
            yield client

    def ask_on(self, client: httpx.Client, kind: Kind, seconds: float = PATIENCE_SECONDS) -> Seen:
        """Ask on a connection that there is, and judge."""
        began = time.monotonic()
        body = bytearray()
        answer: httpx.Response | None = None
        try:
            with client.stream("GET", kind.target, headers=self.headers(kind)) as answer:
                for chunk in answer.iter_bytes():
                    body += chunk
                    if time.monotonic() - began > seconds:
                        raise httpx.ReadTimeout("it goes on")
        except httpx.HTTPError:
            how = "unheard" if answer is None else "cut"
            return Seen(how, time.monotonic() - began, bytes(body))
        how = judge(kind, answer, bytes(body), latest_published(self._now()))
        retry_after = int(answer.headers.get("Retry-After", 0))
        return Seen(how, time.monotonic() - began, bytes(body), retry_after)


def judge(kind: Kind, answer: httpx.Response, body: bytes, latest: date) -> str:  # noqa: PLR0911  (a table)
    """Say what a whole answer is, if on the day of the *latest* picture it is right."""
    status = answer.status_code
    if status == 204 and kind.group == "attest":
        return "204"
    if status >= 300:
        return _error(answer, body)
    if status != 200:
        return f"wrong: {status}"
    match kind.group:
        case "record":
            return _record(kind, answer, json.loads(body), latest)
        case "picture":
            return "new" if body == _PICTURE else "wrong: another picture"
        case "other":
            return _other(kind, answer, body)
        case "secret":
            return _secret(kind, answer, body)
    return f"wrong: {status} for what wants to be refused"


def _error(answer: httpx.Response, body: bytes) -> str:
    problem = json.loads(body)
    is_right = (
        answer.headers["Content-Type"] == "application/problem+json"
        and answer.headers["Cache-Control"] == "no-store"
        and "Cache-Status" not in answer.headers
        and problem["status"] == answer.status_code
    )
    return str(answer.status_code) if is_right else f"wrong: {answer.status_code} {body[:80]!r}"


def _record(kind: Kind, answer: httpx.Response, found: Any, latest: date) -> str:  # noqa: ANN401
    records = found if isinstance(found, list) else [found]
    days = [date.fromisoformat(one["date"]) for one in records]
    if [one["title"] for one in records] != [archive.record(day)["title"] for day in days]:
        return "wrong: another day's record"
    how = _freshness(answer, is_random=bool(kind.count))
    if kind.count:
        is_right = len(days) == len(set(days)) == kind.count and max(days) <= latest
    elif kind.days:
        is_right = days == list(kind.days)
    else:  # past its lifetime, an older one may stand in for the latest
        oldest = latest - timedelta(LATEST_DAYS_BACK if how == "stale" else 0)
        is_right = len(days) == 1 and oldest <= days[0] <= latest
    return how if is_right else f"wrong: days {days}"


def _freshness(answer: httpx.Response, *, is_random: bool) -> str:
    status, control = answer.headers["Cache-Status"], answer.headers["Cache-Control"]
    if "detail=stale" in status:
        is_pinned = not is_random and control != "private, max-age=0"
        return f"wrong: stale and {control}" if is_pinned else "stale"
    return "fresh" if status.startswith("astropiks; hit; ttl=") else "new"


def _other(kind: Kind, answer: httpx.Response, body: bytes) -> str:
    is_right = b"Quiet." in body if kind.target == NOTICES else b"near_earth_objects" in body
    if not is_right:
        return "as NASA answers"
    return "fresh" if "; hit;" in answer.headers["Cache-Status"] else "new"


def _secret(kind: Kind, answer: httpx.Response, body: bytes) -> str:
    if answer.headers["Cache-Control"] != "no-store":
        return "wrong: a secret that may be stored"
    plain = unseal(body.decode(), PEM) if kind.name == "sealed-secret" else body
    return "given" if json.loads(plain)["value"] == VALUE else "wrong: another value"
