"""What a run of the tests takes for secret, and what it sees coming out: hooks, for `leaks`.

Secret is what the service itself calls so: whatever becomes a `SecretStr` or a key in this process,
what another one is given in a variable for secrets, and each token that is minted.
"""

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from redis.exceptions import RedisError
from starlette.types import Message, Receive, Scope, Send

import astropiks.mint
from astropiks.apps import Application
from attestation.keys import HmacKey
from edge.environment import ALIASES, RUNTIME_SECRET, SECRET_VARIABLES
from edge.fast_path import FastPath, Reply
from tests.redis_server import RedisServer

Secret = Callable[[bytes], None]
"""Takes a mark."""

Output = Callable[[str, bytes, str], None]
"""Takes what has come out: kind of place, bytes, and where exactly."""


def secrets(patch: pytest.MonkeyPatch, secret: Secret) -> None:
    """Take down what is secret, whenever something becomes so."""
    keep = SecretStr.__init__

    def kept(self: SecretStr, value: str) -> None:
        keep(self, value)
        secret(value.encode("utf-8", "surrogatepass"))
        if value.startswith("redis") and (password := _password(value)):
            secret(password)

    patch.setattr(SecretStr, "__init__", kept)
    check = HmacKey.__post_init__

    def checked(self: HmacKey) -> None:
        check(self)
        secret(self.secret)

    patch.setattr(HmacKey, "__post_init__", checked)
    start = subprocess.Popen.__init__

    def started(self: "subprocess.Popen[Any]", *given: Any, **named: Any) -> None:  # noqa: ANN401
        for value in _given_secrets(named.get("env") or os.environ):
            secret(value)
        start(self, *given, **named)

    patch.setattr(subprocess.Popen, "__init__", started)


def tokens(patch: pytest.MonkeyPatch, secret: Secret) -> None:
    """Take down claims and signature of each token that is minted."""
    sign = astropiks.mint.sign_segments

    def signed(header: bytes, claims: bytes, key: bytes) -> str:
        token = sign(header, claims, key)
        for segment in token.split(".")[1:]:
            secret(segment.encode())
        return token

    patch.setattr(astropiks.mint, "sign_segments", signed)


def _given_secrets(env: Mapping[str, str]) -> Iterator[bytes]:
    """Give what a process gets in variables for secrets, base64 decoded too."""
    for name, value in env.items():
        if name in {*SECRET_VARIABLES, *ALIASES} or name.startswith(RUNTIME_SECRET):
            yield value.encode("utf-8", "surrogateescape")
        if name.endswith("BASE64_SECRET"):
            for one in value.split(","):
                with suppress(ValueError):
                    yield base64.b64decode(one + "==")


def _password(url: str) -> bytes | None:
    with suppress(ValueError):
        return (urlsplit(url).password or "").encode() or None
    return None


def answers(patch: pytest.MonkeyPatch, output: Output) -> None:
    """See what a service in this process answers, and what one elsewhere does to our clients."""
    call = Application.__call__

    async def called(self: Application, scope: Scope, receive: Receive, send: Send) -> None:
        sent: list[Message] = []

        async def seen(message: Message) -> None:
            sent.append(message)
            await send(message)

        if scope["type"] != "http":
            await call(self, scope, receive, send)
            return
        try:
            await call(self, scope, receive, seen)
        finally:
            head = next((one for one in sent if "status" in one), {})
            raw = head.get("headers", ())
            headers = {name.decode(): value.decode("latin-1") for name, value in raw}
            body = b"".join(one.get("body", b"") for one in sent)
            data = _told(scope["path"], head.get("status", 0), headers, body)
            output("answers", data, scope["path"])

    patch.setattr(Application, "__call__", called)
    answer = FastPath.answer

    def answered(self: FastPath, target: bytes, *given: Any) -> Reply | None:  # noqa: ANN401
        reply = answer(self, target, *given)
        if reply is not None:
            output("answers", reply.head + reply.body, target.decode("latin-1"))
        return reply

    patch.setattr(FastPath, "answer", answered)
    send_request = httpx.Client.send  # the service's own client is another one

    def sent_request(self: httpx.Client, request: httpx.Request, **named: Any) -> httpx.Response:  # noqa: ANN401
        response = send_request(self, request, **named)
        if not named.get("stream"):
            url = request.url
            data = _told(url.path, response.status_code, dict(response.headers), response.content)
            output("answers", data, url.path)
        return response

    patch.setattr(httpx.Client, "send", sent_request)


def _told(path: str, status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """Give what an answer tells, without the value of a secret that it delivers, or a picture."""
    kind = headers.get("content-type", "")
    if kind.startswith(("image/", "video/")):
        body = b""
    elif status == 200 and path.startswith("/secrets/") and kind == "application/json":
        delivered = json.loads(body)
        delivered.pop("value", None)
        body = json.dumps(delivered).encode()
    return repr(headers).encode() + body


def processes(patch: pytest.MonkeyPatch, output: Output, files: MutableMapping[Path, str]) -> None:
    """See what processes print to us, and learn which commands print to which *files*."""
    start, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate

    def started(self: "subprocess.Popen[Any]", args: Any, *given: Any, **named: Any) -> None:  # noqa: ANN401
        name = getattr(named.get("stdout"), "name", None)
        if isinstance(name, str | Path):
            files[Path(name)] = _command(args)
        start(self, args, *given, **named)

    patch.setattr(subprocess.Popen, "__init__", started)

    def communicated(self: "subprocess.Popen[Any]", *given: Any, **named: Any) -> Any:  # noqa: ANN401
        came = communicate(self, *given, **named)
        for stream in came:
            data = stream.encode("utf-8", "replace") if isinstance(stream, str) else stream or b""
            output("output of processes", data, _command(self.args))
        return came

    patch.setattr(subprocess.Popen, "communicate", communicated)


def _command(args: Any) -> str:  # noqa: ANN401
    words = [args] if isinstance(args, str | bytes | Path) else [*args]
    return " ".join(map(str, words))


def redis(patch: pytest.MonkeyPatch, output: Output) -> None:
    """See what lies in each Redis before it ends, if it can still be read."""
    stop = RedisServer.stop

    def stopped(self: RedisServer) -> None:
        with suppress(RedisError, OSError):
            output("Redis", self.contents(1.0), f"port {self.port}")
        stop(self)

    patch.setattr(RedisServer, "stop", stopped)


class Inputs:
    """Files that tests wrote, whole: these are no output, wherever they are moved."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Begin to take them down."""
        self._digests: set[bytes] = set()
        write_text, write_bytes = Path.write_text, Path.write_bytes

        def wrote_text(path: Path, data: str, *given: Any, **named: Any) -> int:  # noqa: ANN401
            count = write_text(path, data, *given, **named)
            self._keep(path)
            return count

        def wrote_bytes(path: Path, data: Any) -> int:  # noqa: ANN401
            count = write_bytes(path, data)
            self._keep(path)
            return count

        patch.setattr(Path, "write_text", wrote_text)
        patch.setattr(Path, "write_bytes", wrote_bytes)

    def _keep(self, path: Path) -> None:
        with suppress(OSError):
            self._digests.add(hashlib.sha256(path.read_bytes()).digest())

    def __contains__(self, content: bytes) -> bool:
        """Tell whether that is the content of one of them."""
        return hashlib.sha256(content).digest() in self._digests
