"""Leaks that are made on purpose: each one is seen, and where it was."""

import base64
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from starlette.responses import Response

import edge.exposition
import edge.gate
import edge.log_fields
import edge.logs
import edge.request_log
import proxy.apod
import proxy.sources.legacy
import proxy.store
import secrets_service.vault
from attestation.request import HttpRequest
from edge import logs
from proxy.errors import SourceInvalidError
from proxy.sources import client
from secrets_service.audit import AuditTrail
from tests.proof import marked
from tests.proof.marked import App, answered
from tests.proof.marked_service import Service, served
from tests.redis_server import RedisServer

KEY, SECRET = marked.KEY, marked.SECRET


def wrap(
    patch: pytest.MonkeyPatch,
    owner: Any,  # noqa: ANN401
    name: str,
    after: Callable[..., Any],
) -> None:
    """Put *after* behind a function: it gets what that gives, and its arguments."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *given, **named: after(original(*given, **named), *given))


def logs_the_request_to_nasa(patch: pytest.MonkeyPatch) -> None:
    """Write a line with the headers of a call, in which the key stands."""
    original = client.get

    async def get(opened: Any, request: Any, **named: Any) -> Any:  # noqa: ANN401
        logs.log("info", "nasa_call", detail=str(request.headers.raw))
        return await original(opened, request, **named)

    patch.setattr("proxy.sources.exchange.get", get)


def puts_a_url_into_an_error(patch: pytest.MonkeyPatch) -> None:
    """Let a failure of NASA's quote the address that was asked."""

    async def get(*_: object, **__: object) -> None:
        raise SourceInvalidError(f"https://api.nasa.test/?api_key={quote(KEY, safe='')}")

    patch.setattr("proxy.sources.exchange.get", get)


def logs_texts_of_exceptions(patch: pytest.MonkeyPatch) -> None:
    """Let something break, and its text be logged."""

    def parse(*_: object, **__: object) -> None:
        raise LookupError(KEY)

    patch.setattr("proxy.query.parse", parse)
    patch.setattr(edge.log_fields, "summary", lambda error: (repr(error), []))


def shows_the_token_in_an_answer(patch: pytest.MonkeyPatch) -> None:
    """Let an answer repeat the beginning of the last token that came."""
    tokens: list[str] = []

    def keep(request: HttpRequest, *_: object) -> HttpRequest:
        tokens.extend(value.decode() for value in request.values("approov-token"))
        return request

    def show(response: Response, *_: object) -> Response:
        response.headers["X-Debug"] = tokens[-1][:250]
        return response

    wrap(patch, edge.gate, "request_of", keep)
    wrap(patch, proxy.apod, "reply", show)


def names_the_request_after_the_token(patch: pytest.MonkeyPatch) -> None:
    """Let the id of a request be the token's signature, in hexadecimal."""

    def noted(_: Any) -> str:  # noqa: ANN401
        return SECRET.hex()

    patch.setattr(edge.request_log, "request_id_of", noted)


def counts_by_key(patch: pytest.MonkeyPatch) -> None:
    """Let a metric have the key for a label."""

    def labelled(text: bytes, *_: object) -> bytes:
        return text + f'astropiks_calls_total{{key="{KEY}"}} 1.0\n'.encode()

    wrap(patch, edge.exposition, "generate_latest", labelled)


def tags_answers_by_secret(patch: pytest.MonkeyPatch) -> None:
    """Let an answer's tag be made of the attestation secret, by base64url."""

    def tagged(response: Response, *_: object) -> Response:
        response.headers["ETag"] = base64.urlsafe_b64encode(b"x" + SECRET).decode()
        return response

    wrap(patch, proxy.apod, "reply", tagged)


def keeps_the_key_in_redis(patch: pytest.MonkeyPatch) -> None:
    """Let what is shared say by which key it was got."""
    wrap(patch, proxy.store, "encode", lambda value, *_: value + base64.b64encode(KEY.encode()))


def audits_the_device_in_clear(patch: pytest.MonkeyPatch) -> None:
    """Let the audit trail tell who was given a secret by the value that was given."""
    patch.setattr(AuditTrail, "device", lambda *_: marked.IN_FILE)


def prints_what_it_reads(patch: pytest.MonkeyPatch) -> None:
    """Let the value of a secret go to stderr, as a forgotten line for debugging would."""
    original = secrets_service.vault.Vault.value

    async def value(vault: Any, version: Any) -> Any:  # noqa: ANN401
        found = await original(vault, version)
        print(found.get_secret_value(), file=sys.stderr)  # noqa: T201
        return found

    patch.setattr(secrets_service.vault.Vault, "value", value)


def hears_libraries(patch: pytest.MonkeyPatch) -> None:
    """Let libraries be heard at debug, and quoted."""
    patch.setattr(edge.logs, "LIBRARIES_FROM", logging.DEBUG)
    patch.setattr(edge.logs, "leave_out_values", lambda _, __, event: event)
    original = secrets_service.vault.Vault.value

    async def value(vault: Any, version: Any) -> Any:  # noqa: ANN401
        found = await original(vault, version)
        logging.getLogger("botocore.parsers").debug("body: %r", found.get_secret_value())
        return found

    patch.setattr(secrets_service.vault.Vault, "value", value)


def writes_a_file(patch: pytest.MonkeyPatch) -> None:
    """Let the key be written down, percent-encoded, where the service runs."""

    def write(record: Any, *_: object) -> Any:  # noqa: ANN401
        Path("last-call").write_text(quote(KEY, safe=""))
        return record

    wrap(patch, proxy.sources.legacy, "require_json", write)


LEAKS: Mapping[Callable[[pytest.MonkeyPatch], None], tuple[str, str]] = {
    logs_the_request_to_nasa: ("log", "NASA's key"),
    puts_a_url_into_an_error: ("log", "NASA's key"),
    logs_texts_of_exceptions: ("log", "NASA's key"),
    shows_the_token_in_an_answer: ("answers", "claims of token"),
    names_the_request_after_the_token: ("answers", "attestation secret"),
    counts_by_key: ("metrics", "NASA's key"),
    tags_answers_by_secret: ("answers", "attestation secret"),
    keeps_the_key_in_redis: ("Redis", "NASA's key"),
    audits_the_device_in_clear: ("Redis", "secret in a file"),
    prints_what_it_reads: ("stderr", "secret in a file"),
    hears_libraries: ("log", "secret in a file"),
    writes_a_file: ("files", "NASA's key"),
}
"""Where each leak shows, and which mark."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Be a Redis."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def service(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve."""
    with served(tmp_path_factory.mktemp("given"), redis) as one:
        yield one


@pytest.fixture
def observe(
    service: Service,
    redis: RedisServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], dict[str, bytes]]]:
    """Ask for some things, and give all that comes out, by its place."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.chdir(tmp_path)

    def observed() -> dict[str, bytes]:
        logs.configure("json", "debug")
        service.app = App(signs=True)
        service.wait_for_redis()
        targets = ("/planetary/apod?date={day}", "/secrets", "/unknown")
        came = [service.ask(service.target(target)) for target in targets]
        came.append(service.ask("/planetary/apod", has_token=False))
        secret = service.ask("/secrets/sealed")  # whose value nobody else can read
        assert secret
        assert secret.status_code == 200
        counted = service.metrics()
        heard = capfd.readouterr()
        return {
            "answers": b"".join(answered(one) for one in (*came, secret) if one),
            "log": heard.out.encode(),
            "stderr": heard.err.encode(),
            "metrics": counted.content,
            "Redis": redis.contents(),
            "files": b"".join(path.read_bytes() for path in tmp_path.iterdir()),
        }

    yield observed
    structlog.reset_defaults()


Observe = Callable[[], dict[str, bytes]]


def test_nothing(service: Service, observe: Observe) -> None:
    """As it is, nothing comes out of the service, and there is something in every place."""
    outputs = observe()
    assert {name for name, output in outputs.items() if not output} == {"stderr", "files"}
    canary = service.app.canary()
    assert [seen for output in outputs.values() for seen in canary.find(output)] == []


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_leak(
    service: Service,
    observe: Observe,
    leak: Callable[[pytest.MonkeyPatch], None],
    redis: RedisServer,
) -> None:
    """A leak that is made on purpose is seen, where it is."""
    redis.client.flushall()
    place, mark = LEAKS[leak]
    with pytest.MonkeyPatch.context() as patch:
        leak(patch)
        outputs = observe()
    found = service.app.canary().find(outputs[place])
    assert [one for one in found if one.mark.startswith(mark)]
