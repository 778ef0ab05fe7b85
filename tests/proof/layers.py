"""Every boundary at which something may break, and a request that gets there."""

import importlib
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, Protocol

from tests.proof import marked

TEXT = " ".join(marked.texts())
"""What each exception says: every secret, in several forms."""

DAY, RANGE = "/planetary/apod?date={day}", "/planetary/apod?start_date={day}&end_date={day}"
BAD_QUERY, UNKNOWN = "/planetary/apod?date=x", "/unknown"
PICTURE = "/v2/apod.nasa.gov/apod/image/2110/FireballAlberta_Qin_1080.jpg"
OTHER, SECRETS, ATTEST = "/neo/rest/v1/feed", "/secrets", "/attest"
SECRET, SEALED = "/secrets/in-file", "/secrets/sealed"
CUT = 0
"""In place of a status: the answer has begun, and breaks off."""

EITHER, ALONE, SHARED = "either", "alone", "shared"


class DefectError(Exception):
    """Nobody expects it."""


KINDS: tuple[type[Exception], ...] = (DefectError, TimeoutError, ValueError, OSError, KeyError)


class Layer(NamedTuple):
    """A function, in whose place an exception comes.

    Attributes:
        place: module and name, as ``proxy.query:parse``.
        target: of a request that gets there.
        statuses: what the answer to it may be; 500 is for a defect alone.
        where: the service that gets there: one that is by itself and has a fast path, or one that
            shares a Redis and reads signed requests.
        has_token: whether the request does.
        has_envelope: whether an error still is what errors are: not, if that itself is broken.
    """

    place: str
    target: str = DAY
    statuses: tuple[int, ...] = (500,)
    where: str = EITHER
    has_token: bool = True
    has_envelope: bool = True


ANSWERED_FIRST = (200,)
"""It breaks when the answer has gone out."""

UPSTREAM = (200, 502, 503, 504)
"""To the chain of sources it is one that fails: the next one is asked."""

LAYERS = (
    Layer("edge.client_address:Routers.client"),
    Layer("edge.tracing:RequestSpans.__call__"),
    Layer("edge.gate:AttestationGate.__call__"),
    Layer("edge.gate:AttestationGate._refuse", where=SHARED, has_token=False),
    Layer("edge.gate:AttestationGate.decide_here", statuses=(200,), where=ALONE),
    Layer("edge.attest:Questions.subject"),
    Layer("attestation.verifier:RequestVerifier._token"),
    Layer("attestation.token:TokenVerifier.verify"),
    Layer("attestation.compact:parse"),
    Layer("attestation.binding:check"),
    Layer("attestation.asgi:Body.read", where=SHARED),
    Layer("attestation.signing:SignatureVerifier.verify", statuses=(401,), where=SHARED),
    Layer("edge.replays:SharedReplayStore.admit", statuses=(401,), where=SHARED),
    Layer("edge.rate_limit:DeviceLimit.__call__"),
    Layer("edge.limits:Limiter.count"),
    Layer("edge.rate_limit:RejectedLimit.objection", where=SHARED, has_token=False),
    Layer(
        "edge.rate_limit:RejectedLimit.objection_here",
        statuses=(401,),
        where=ALONE,
        has_token=False,
    ),
    Layer("edge.fast_path:FastPath._answer", statuses=(200,), where=ALONE),
    Layer("astropiks.http_protocol:BoundedHttpProtocol._parse", statuses=(CUT,)),
    Layer("proxy.query:parse"),
    Layer("proxy.problems:problem_of", BAD_QUERY),
    Layer("proxy.service:ApodService._answer", statuses=(500, 504)),
    Layer("proxy.holdings:Holdings.get", statuses=(500, 504)),
    Layer("proxy.holdings:Holdings.get_days", RANGE, statuses=(500, 504)),
    Layer("proxy.cache:ApodCache.find", statuses=(500, 504)),
    Layer("proxy.cache:ApodCache.store_record", statuses=(500, 504)),
    Layer("proxy.renewal:Renewal.one", statuses=(500, 504)),
    Layer("proxy.renewal:Renewal.window", RANGE, statuses=(500, 504)),
    Layer("proxy.store:RedisStore.find", statuses=(500, 504), where=SHARED),
    Layer("proxy.store:RedisStore.keep", statuses=(200,), where=SHARED),
    Layer("proxy.turns:SharedTurns.once", statuses=(500, 504), where=SHARED),
    Layer("edge.redis_flight:SharedFlight.once", statuses=(500, 504), where=SHARED),
    Layer("proxy.store:_mget", statuses=(200,), where=SHARED),
    Layer("redis.asyncio:Redis.execute_command", statuses=(200,), where=SHARED),
    Layer("proxy.sources.chain:ChainSource.fetch", statuses=(500, 504)),
    Layer("proxy.sources.chain:ChainSource.fetch_range", RANGE, statuses=(500, 504)),
    Layer("proxy.sources.legacy:LegacySource.fetch", statuses=UPSTREAM),
    Layer("proxy.sources.exchange:Upstream.ask", statuses=UPSTREAM),
    Layer("proxy.sources.exchange:get", statuses=UPSTREAM),
    Layer("proxy.sources.client:_bounded_body", statuses=UPSTREAM),
    Layer("httpx:AsyncClient.send", statuses=UPSTREAM),
    Layer("proxy.records:Record.from_json", statuses=UPSTREAM),
    Layer("proxy.sources.quota:Quota.note", statuses=UPSTREAM),
    Layer("proxy.apod:reply"),
    Layer("proxy.images:_conditions", PICTURE),
    Layer("proxy.sources.pictures:PictureSource.open", PICTURE),
    Layer("proxy.sources.pictures:open_stream", PICTURE, statuses=(502, 503, 504)),
    Layer("proxy.sources.stream:Stream.chunks", PICTURE, statuses=(CUT,)),
    Layer("proxy.passthrough:Passthrough.answer", OTHER),
    Layer("proxy.sources.other_apis:OtherApis.open", OTHER),
    Layer("proxy.sources.other_apis:blotted", OTHER, statuses=(CUT,)),
    Layer("secrets_service.service:SecretsService.names", SECRETS),
    Layer("secrets_service.service:SecretsService.deliver", SECRET),
    Layer("secrets_service.service:objection", SECRET),
    Layer("secrets_service.vault:Vault.value", SECRET),
    Layer("secrets_service.sources:FileSource.read_now", SECRET, statuses=(500, 503)),
    Layer("secrets_service.service:content", SECRET),
    Layer("secrets_service.sealing:Recipient.seal", SEALED),
    Layer("secrets_service.audit:AuditTrail.write", SECRET),
    Layer("secrets_service.audit:LogSink.write", SECRET, statuses=(500, 503)),
    Layer("edge.redis_stream:RedisStream.add", SECRET, statuses=(500, 503), where=SHARED),
    Layer("edge.attest:_device", ATTEST),
    Layer("edge.problems:Problem.response", UNKNOWN, has_envelope=False),
    Layer("edge.logs:note"),
    Layer("edge.logs:log", statuses=UPSTREAM),
    Layer("edge.logs:request_ended", statuses=ANSWERED_FIRST),
    Layer("edge.logs:keep_allowed_fields", statuses=UPSTREAM),
    Layer("edge.metrics:count_cache_result"),
    Layer("edge.metrics:count_request", statuses=ANSWERED_FIRST),
)


class Setting(Protocol):
    """Puts something in the place of an attribute: `setattr`, or pytest's, which undoes it."""

    def __call__(self, owner: Any, name: str, value: object, /) -> None:  # noqa: ANN401
        """Do it."""


class Forced:
    """A function that raises, and counts how often it has."""

    def __init__(self, kind: type[Exception]) -> None:
        """Raise a *kind* of exception."""
        self.count = 0
        self._kind = kind

    def into(self, place: str, put: Setting) -> None:
        """Stand in *place*, as whatever is there stands."""
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *owners, name = path.split(".")
        for one in owners:
            owner = getattr(owner, one)
        original = inspect.unwrap(getattr(owner, name))
        replacement: Callable[..., Any] = self._fail
        if inspect.isasyncgenfunction(original) and original is getattr(owner, name):
            replacement = self._fail_when_read
        elif inspect.iscoroutinefunction(original):
            replacement = self._fail_later
        put(owner, name, replacement)

    def _fail(self, *_: object, **__: object) -> Any:  # noqa: ANN401
        self.count += 1
        error = self._kind(TEXT)
        error.add_note(TEXT)
        raise error from LookupError(TEXT)

    async def _fail_later(self, *_: object, **__: object) -> Any:  # noqa: ANN401
        self._fail()

    async def _fail_when_read(self, *_: object, **__: object) -> AsyncIterator[bytes]:
        self._fail()
        yield b""
