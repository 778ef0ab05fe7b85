"""The fragment for Azure API Management that asks `/attest`, with the real one behind it."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from astropiks.apps import create_app
from astropiks.mint import sign
from astropiks.server import serving
from astropiks.signer import InstallKey, sign_request
from tests.conftest import SECRET, make_settings
from tests.gateways.apim_model import HOST, Answer, Send, Sent, run, unreachable
from tests.gateways.azure import NAMED_VALUES, decide, load, received
from tests.gateways.verdicts import (
    BINDINGS,
    HEADER,
    TOKEN,
    TOKENS,
    USER,
    Case,
    Fields,
    claims,
    signed,
)


@contextmanager
def attest(*, is_bound: bool = False, signing: str = "off") -> Iterator[Send]:
    """Serve `/attest`, and give what sends a request to it."""
    changes: dict[str, object] = {"services": "secrets", "attest_callers": "127.0.0.1"}
    if is_bound:
        changes["approov_binding_headers"] = "Authorization"
    if signing != "off":
        changes |= {"approov_message_signing": signing, "public_base_url": "https://proxy.test"}
    with serving(create_app(make_settings(**changes))) as url:
        address = url.removeprefix("http://")

        def send(sent: Sent) -> Answer:
            assert sent.url == NAMED_VALUES["approov-attest-url"]
            return exchange(address, sent)

        yield send


def exchange(address: str, sent: Sent) -> Answer:
    """Send a request over the network."""
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request(sent.method, "/attest", headers=dict(sent.headers))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def plain() -> Iterator[Send]:
    """Ask for a token alone."""
    with attest() as send:
        yield send


@pytest.fixture(scope="module")
def binding() -> Iterator[Send]:
    """Ask for tokens that are bound to Authorization."""
    with attest(is_bound=True) as send:
        yield send


@pytest.mark.parametrize("case", TOKENS)
def test_attest_token(plain: Send, case: str) -> None:
    """With `/attest`, the verdict on each token is the table's, without any exception."""
    expected: Case = TOKENS[case]
    answer = decide(expected.fields(), "approov-attest", send=plain)
    assert (answer and answer.status) == (None if expected.verdict == "accepted" else 401)


@pytest.mark.parametrize("case", BINDINGS)
def test_attest_binding(binding: Send, case: str) -> None:
    """So it is with tokens that have to be bound to Authorization."""
    expected: Case = BINDINGS[case]
    answer = decide(expected.fields(), "approov-attest", send=binding)
    assert (answer and answer.status) == (None if expected.verdict == "accepted" else 401)


def signed_fields(target: str, method: str = "GET") -> Fields:
    """Sign a request as an app does that finds the gateway at its public address."""
    key = InstallKey()
    token = sign(HEADER, claims(ipk=b64encode(key.public).decode()), SECRET)
    url = f"https://{HOST}{target}"
    headers = {TOKEN: token, "Approov-TraceID": "trace", "Authorization": USER}
    return [*sign_request(key, method, url, headers, now=time.time()).items()]


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [("/x?y=z", "GET", None), ("/x?y=w", "GET", 401), ("/x?y=z", "POST", 401)],
)
def test_attest_signature(target: str, method: str, status: int | None) -> None:
    """Message signatures over method, address and headers are verified, but none over a body."""
    fields = signed_fields("/x?y=z", method)
    with attest(signing="required") as send:
        answer = decide(fields, "approov-attest", method=method, target=target, send=send)
    assert (answer and answer.status) == status


def test_attest_request() -> None:
    """What `/attest` gets is what the gateway knows of the request, not what the client says."""
    asked: list[Sent] = []

    def send(sent: Sent) -> Answer:
        asked.append(sent)
        return Answer(204)

    lies = [("X-Original-URI", "/lie"), ("X-Forwarded-For", "198.51.100.1"), ("Cookie", "a=b")]
    fields = [(TOKEN, "the token"), *lies]
    answer = decide(fields, "approov-attest", method="PUT", target="/x?y=z", send=send)
    assert answer is None
    assert [sent.method for sent in asked] == ["GET"]
    assert asked[0].headers == {
        "X-Original-Method": "PUT",
        "X-Original-URI": "/x?y=z",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": HOST,
        "X-Forwarded-For": "192.0.2.7",
        TOKEN: "the token",
    }


@pytest.mark.parametrize("told", [{}, {"x-attestation-device": "ZGV2aWNl"}])
def test_attest_device(told: Mapping[str, str]) -> None:
    """The back end learns the device from `/attest` alone, and never gets the token."""
    lie = ("X-Attestation-Device", "lie")
    context = received([(TOKEN, "x"), lie], send=lambda _: Answer(204, told))
    assert run(load("approov-attest"), context) is None
    assert context.headers == {name: [value] for name, value in told.items()}


@pytest.mark.parametrize("status", [200, 302, 404, 429, 500, None])
def test_attest_fails_closed(status: int | None) -> None:
    """Whatever is neither 204 nor a refusal, and no answer at all, is 503 and opens nothing."""
    send = unreachable if status is None else lambda _: Answer(status)
    answer = decide([(TOKEN, signed())], "approov-attest", send=send)
    assert answer is not None
    assert json.loads(answer.body)["statusCode"] == answer.status == 503
