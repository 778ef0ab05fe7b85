"""What came of a request, in a word, and only if every byte of it is right.

What is right for each day is known to `truth`, which judges the load too.

    fresh     what was held, within its lifetime
    new       what NASA has just given, whole
    stale     what was held, past its lifetime: it says so, and may not be kept
    given     a secret, the right one, not to be stored
    204       attested
    502 …     an error, as problem+json that is not to be stored and says when to come back
    cut       an answer that visibly breaks off
    unheard   none: the connection broke, or nothing came in time

Anything else is described by what is wrong with it.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from astropiks.mint import Invalid, mint
from secrets_service.sealing import public_text, unseal
from standin.calendar import latest_published
from standin.others import OTHERS
from standin.pictures import draw
from tests.conftest import NASA_KEY, SECRET
from tests.proof import truth
from tests.proof.failures.asked import Group, Kind
from tests.proof.truth import Members

BASE_URL = "https://proxy.test"
"""Where apps are told to fetch pictures."""

VALUE = "value-of-the-failure-matrix"

PATIENCE_SECONDS = 15.0

TLS = ssl.create_default_context()
"""Not used, but made for each client if it is not given, which takes longer than all the rest."""

_KEY = generate_private_key(SECP256R1())
PEM = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
RECIPIENT = public_text(_KEY.public_key())

_PICTURE = draw("apod/image/2110/FireballAlberta_Qin_1080.jpg")

LATEST_DAYS_BACK = 30
"""How old a record may be that stands in for the latest."""

AS_IT_IS = "as NASA answers"
"""Of another API, and not the right answer: `asked_of_nasa` tells whether it is NASA's."""

WELL: Mapping[Group, frozenset[str]] = {
    "record": frozenset({"fresh", "new"}),
    "picture": frozenset({"new"}),
    "other": frozenset({"fresh", "new"}),
    "secret": frozenset({"given"}),
    "attest": frozenset({"204"}),
    "refused": frozenset({"401"}),
}
"""What has to come of each when nothing is broken."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one request.

    Attributes:
        kind: what was asked for.
        how: in a word; see above.
        seconds: until then.
        body: of the answer.
        retry_after: seconds that an error asks to wait.
        calls: of NASA, for that, where they are counted.
    """

    kind: Kind
    how: str
    seconds: float = 0
    body: bytes = b""
    retry_after: int = 0
    calls: int = 0

    @property
    def is_well(self) -> bool:
        """Whether it is what has to come of such a request when nothing is broken."""
        return self.how in WELL[self.kind.group]


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
            return Seen(kind, how, time.monotonic() - began, bytes(body))
        how = judge(kind, answer, bytes(body), latest_published(self._now()))
        seconds = time.monotonic() - began
        return Seen(kind, how, seconds, bytes(body), retry_after(answer))


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
            return _record(kind, answer, body, latest)
        case "picture":
            return "new" if body == _PICTURE else "wrong: another picture"
        case "other":
            return _other(kind, answer, body)
        case "secret":
            return _secret(kind, answer, body)
    return f"wrong: {status} for what wants to be refused"


def retry_after(answer: httpx.Response) -> int:
    """Give the seconds that an answer asks to wait; 0 if it does not."""
    return int(answer.headers.get("Retry-After", 0))


def _error(answer: httpx.Response, body: bytes) -> str:
    problem, status = json.loads(body), answer.status_code
    is_right = (
        answer.headers["Content-Type"] == "application/problem+json"
        and answer.headers["Cache-Control"] == "no-store"
        and "Cache-Status" not in answer.headers
        and problem["status"] == status
        and (status not in {502, 503, 504} or retry_after(answer) >= 1)
    )
    return str(status) if is_right else f"wrong: {status} {answer.headers} {body[:80]!r}"


_linked = partial(truth.through, BASE_URL)


def _with_extras(members: Members) -> Members:
    return _linked(truth.with_extras(members))


def _record(kind: Kind, answer: httpx.Response, body: bytes, latest: date) -> str:
    how = _freshness(answer, is_random=bool(kind.count))
    dress = _with_extras if kind.has_extras else _linked
    if kind.count:
        is_right = truth.sample_in(body, kind.count, latest, dress) is not None
    elif kind.is_list:
        is_right = truth.is_list_of(body, kind.days, dress)
    else:  # past its lifetime, an older one may stand in for the latest
        back = LATEST_DAYS_BACK if how == "stale" else 0
        days = kind.days or [latest - timedelta(n) for n in range(back + 1)]
        is_right = any(body in truth.forms(day, dress) for day in days)
    return how if is_right else f"wrong: {body[:200]!r}"


def _freshness(answer: httpx.Response, *, is_random: bool) -> str:
    status, control = answer.headers["Cache-Status"], answer.headers["Cache-Control"]
    if "detail=stale" in status:
        is_pinned = not is_random and control != "private, max-age=0"
        return f"wrong: stale and {control}" if is_pinned else "stale"
    return "fresh" if status.startswith("astropiks; hit; ttl=") else "new"


def _other(kind: Kind, answer: httpx.Response, body: bytes) -> str:
    if body != truth.written(OTHERS[kind.target].answer({}, "*" * len(NASA_KEY))):
        return AS_IT_IS
    return "fresh" if "; hit;" in answer.headers["Cache-Status"] else "new"


def asked_of_nasa(nasa_url: str, kind: Kind) -> bytes:
    """Give what NASA itself answers at present."""
    headers = {"X-Api-Key": NASA_KEY}
    answer = httpx.get(f"{nasa_url}{kind.target}", headers=headers, trust_env=False, verify=TLS)
    return answer.content


def _secret(kind: Kind, answer: httpx.Response, body: bytes) -> str:
    if answer.headers["Cache-Control"] != "no-store":
        return "wrong: a secret that may be stored"
    plain = unseal(body.decode(), PEM) if kind.name == "sealed-secret" else body
    told = json.loads(plain)
    is_right = (told["name"], told["value"]) == (kind.target.rpartition("/")[2], VALUE)
    return "given" if is_right else "wrong: another value"
