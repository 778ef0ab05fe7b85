"""What matters of real servers beside their verdicts: what they pass on, and when they must not."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from astropiks.mint import mint
from astropiks.signer import InstallKey, sign_request
from tests.conftest import SECRET
from tests.gateways import haproxy, haproxy_attest, nginx
from tests.gateways.middleware import SECRET_TEXT
from tests.gateways.servers import Application, Gateway, protected, service
from tests.gateways.verdicts import signed
from tests.processes import free_port

Before = Callable[[Path, str], AbstractContextManager[Gateway]]

ASKING: Mapping[str, Before] = {"nginx": nginx.before, "haproxy_attest": haproxy_attest.before}
KEY = InstallKey()


@pytest.fixture(scope="module", params=[*ASKING])
def before(request: pytest.FixtureRequest) -> Before:
    """Be a server that asks at /attest."""
    return ASKING[request.param]


@contextmanager
def alone(folder: Path, _: str) -> Iterator[Gateway]:
    """Run HAProxy that asks nobody."""
    with haproxy.before(folder, "haproxy.cfg", APPROOV_BASE64_SECRET=SECRET_TEXT) as gateway:
        yield gateway


@pytest.fixture(scope="module", params=[*ASKING, "haproxy"])
def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Be any of the servers."""
    before = {**ASKING, "haproxy": alone}[request.param]
    with service() as host, before(tmp_path_factory.mktemp("server"), host) as gateway:
        yield gateway


def get(gateway: Gateway, headers: Mapping[str, str], **more: str) -> httpx.Response:
    """Ask it."""
    url = f"http://{gateway.host}/x?y=z"
    return httpx.get(url, headers={**headers, **more}, trust_env=False)


def test_passed_on(gateway: Gateway) -> None:
    """The application gets the device and no token; what the client says of these is gone."""
    gateway.application.requests.clear()
    names = (
        *("X-Attestation-Device", "X-Attestation-Reason", "X_Attestation_Device"),
        *("X-Original-URI", "X-Forwarded-Host", "X-Forwarded-For"),
    )
    forged = dict.fromkeys(names, "forged")
    answer = get(gateway, {"Approov-Token": signed(), **forged}, Authorization="Bearer user")
    assert answer.text == "protected\n"
    (headers,) = gateway.application.requests
    assert "approov-token" not in headers
    assert headers["x-attestation-device"] == ["ZGV2aWNl"]
    assert "x-attestation-reason" not in headers
    assert headers["authorization"] == ["Bearer user"]
    assert not [name for name, values in headers.items() if "forged" in values]


def test_no_device(gateway: Gateway) -> None:
    """Without a device in the token there is none in the header, whatever the client says."""
    for did in (None, "a b\r\nX-Evil: 1"):
        gateway.application.requests.clear()
        token = signed(did=did)
        assert get(gateway, {"Approov-Token": token, "X-Attestation-Device": "x"}).is_success
        (headers,) = gateway.application.requests
        assert not {"x-attestation-device", "x-evil"} & headers.keys()


def test_refusal(gateway: Gateway) -> None:
    """A refusal is not to be stored, says how to authenticate, and nothing gets through."""
    gateway.application.requests.clear()
    answer = get(gateway, {})
    assert (answer.status_code, answer.json()["status"]) == (401, 401)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["WWW-Authenticate"].startswith("Approov")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert gateway.application.requests == []


def test_not_remembered(gateway: Gateway) -> None:
    """No answer is remembered: a token that has passed does not pass once it has expired."""
    end = int(time.time()) + 2
    token = signed(exp=end)
    assert get(gateway, {"Approov-Token": token}).status_code == 200
    time.sleep(end - time.time() + 0.05)
    assert get(gateway, {"Approov-Token": token}).status_code in {401, 403}


def test_errors_of_the_application(gateway: Gateway) -> None:
    """What the application itself answers is let be."""
    for status in (401, 403, 429, 500):
        gateway.application.status = status
        answer = get(gateway, {"Approov-Token": signed()})
        assert (answer.status_code, answer.text) == (status, "protected\n")
    gateway.application.status = 200


def signed_for(host: str, target: str, method: str = "GET", body: bytes = b"") -> dict[str, str]:
    """Sign a request as an app does."""
    now = time.time()
    token = {"Approov-Token": mint(SECRET, now=now, install_key=KEY.public)}
    return sign_request(KEY, method, f"http://{host}{target}", token, now=now, body=body)


@pytest.fixture(scope="module")
def demanding(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Be a server whose service wants message signatures."""
    folder, public = tmp_path_factory.mktemp("signing"), "https://service.test"
    with (
        service(approov_message_signing="required", public_base_url=public) as host,
        before(folder, host) as gateway,
    ):
        yield gateway


@pytest.mark.parametrize("target", ["/", "/x?y=z", "/a//b/../c%2Fd?e=%20&f=+", "/x;y?"])
def test_signature(demanding: Gateway, target: str) -> None:
    """The address that was signed is judged as the client wrote it, and once."""
    headers = signed_for(demanding.host, target)
    assert demanding.ask([*headers.items()], target=target) == "accepted"
    assert demanding.ask([*headers.items()], target=target) == "invalid"


@pytest.mark.parametrize(
    ("method", "target", "more"),
    [
        ("HEAD", "/x", {}),
        ("GET", "/y", {}),
        ("GET", "/y", {"X-Original-URI": "/x", "X-Forwarded-Uri": "/x"}),
        ("HEAD", "/x", {"X-Original-Method": "GET", "X-Forwarded-Method": "GET"}),
        ("GET", "/x", {"Host": "other.test"}),
        ("GET", "/x", {"X-Forwarded-Host": "other.test", "Host": "other.test"}),
    ],
)
def test_other_address(
    demanding: Gateway, method: str, target: str, more: Mapping[str, str]
) -> None:
    """A signature over something else is refused, whatever the client says was meant."""
    headers = {**signed_for(demanding.host, "/x"), **more}
    url = f"http://{demanding.host}{target}"
    assert httpx.request(method, url, headers=headers, trust_env=False).status_code == 403


def test_headers_of_the_client(demanding: Gateway) -> None:
    """What the client says of the original request does no harm to a good one either."""
    headers = signed_for(demanding.host, "/x?y=z")
    forged = {"X-Original-URI": "/y", "X-Forwarded-Method": "POST", "X-Forwarded-Host": "y.test"}
    assert get(demanding, {**headers, **forged}).status_code == 200


@pytest.mark.parametrize("is_signed", [False, True])
def test_body(demanding: Gateway, *, is_signed: bool) -> None:
    """A signed request with a body is refused, since the service does not see it."""
    headers = signed_for(demanding.host, "/x", "POST", b"body" if is_signed else b"")
    url = f"http://{demanding.host}/x"
    answer = httpx.post(url, headers=headers, content=b"body", trust_env=False)
    assert answer.status_code == 403


@pytest.mark.parametrize("field", [("Content-Length", "4"), ("Transfer-Encoding", "chunked")])
def test_body_of_get(demanding: Gateway, field: tuple[str, str]) -> None:
    """None can be added to a signed GET."""
    demanding.application.requests.clear()
    connection = HTTPConnection(demanding.host, timeout=10)
    body = b"body" if field[0] == "Content-Length" else b"4\r\nbody\r\n0\r\n\r\n"
    headers = {**signed_for(demanding.host, "/x"), field[0]: field[1]}
    connection.request("GET", "/x", body, headers)
    with connection.getresponse() as answer:
        assert answer.status == 400
    connection.close()
    assert demanding.application.requests == []


def test_body_unsigned(before: Before, tmp_path: Path) -> None:
    """Without message signatures bodies get through, whole."""
    with service() as host, before(tmp_path, host) as gateway:
        url, headers = f"http://{gateway.host}/x", {"Approov-Token": signed()}
        answer = httpx.post(url, headers=headers, content=b"x" * 100_000, trust_env=False)
        assert answer.status_code == 200
        assert gateway.application.requests[-1]["content-length"] == ["100000"]


def test_limit(before: Before, tmp_path: Path) -> None:
    """A device that asks too often gets 429."""
    with service(rate_limit_device="1/minute") as host, before(tmp_path, host) as gateway:
        answers = [get(gateway, {"Approov-Token": signed()}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["status"] == 429


def test_service_away(before: Before, tmp_path: Path) -> None:
    """Where nobody can be asked nothing gets through, and the client is not blamed."""
    with before(tmp_path, f"127.0.0.1:{free_port()}") as gateway:
        answer = get(gateway, {"Approov-Token": signed()})
        assert (answer.status_code, answer.json()["status"]) == (503, 503)
        assert gateway.application.requests == []


@pytest.mark.parametrize("status", [200, 206, 299, 302, 404, 500])
def test_another_answer(before: Before, tmp_path: Path, status: int) -> None:
    """Nothing but 204 is a yes, whoever may answer at the service's address."""
    with protected(Application(status=status)) as host, before(tmp_path, host) as gateway:
        gateway.application.requests.clear()
        answer = get(gateway, {"Approov-Token": signed()})
        assert (answer.status_code, gateway.application.requests) == (503, [])


def test_no_http_2(demanding: Gateway) -> None:
    """HTTP/2, in which a body may come unannounced, is not spoken unasked."""
    host, _, port = demanding.host.partition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        answer = connection.recv(1000)
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
