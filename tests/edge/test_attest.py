import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from asgi_lifespan import LifespanManager

from astropiks.apps import create_app
from astropiks.mint import mint, sign
from astropiks.server import serving
from astropiks.signer import InstallKey, sign_request
from edge.setting_types import networks
from standin.calendar import SettableClock
from tests.conftest import SECRET, make_settings

GATEWAY, STRANGER = "10.1.2.3", "192.0.2.1"
ORIGIN = "https://api.example.com"
KEY = InstallKey()

Fields = Sequence[tuple[str, str]]


@asynccontextmanager
async def asking(
    clock: SettableClock, peer: str = GATEWAY, **changes: object
) -> AsyncIterator[httpx.AsyncClient]:
    """Be somebody who can ask, a believed gateway unless said otherwise."""
    values = {"services": "secrets", "attest_callers": "10.0.0.0/8", **changes}
    settings = make_settings(**values)
    async with LifespanManager(create_app(settings, clock=clock)) as manager:
        transport = httpx.ASGITransport(manager.app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
            yield client


@asynccontextmanager
async def signing(
    clock: SettableClock, peer: str = GATEWAY, mode: str = "required"
) -> AsyncIterator[httpx.AsyncClient]:
    """Ask a service that wants message signatures."""
    changes = {"approov_message_signing": mode, "public_base_url": "https://service.test"}
    async with asking(clock, peer, **changes) as client:
        yield client


def signed(
    clock: SettableClock, method: str = "GET", url: str = f"{ORIGIN}/x?y=z", body: bytes = b""
) -> dict[str, str]:
    """Sign a request as an app does."""
    token = {"Approov-Token": mint(SECRET, now=clock.now, install_key=KEY.public)}
    return sign_request(KEY, method, url, token, now=clock.now, body=body)


def nginx(method: str = "GET", target: str = "/x?y=z") -> dict[str, str]:
    """Tell a request as our configuration of NGINX does."""
    told = {"X-Original-Method": method, "X-Original-URI": target}
    return {**told, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.com"}


def traefik(method: str = "GET", target: str = "/x?y=z") -> dict[str, str]:
    """Tell it as Traefik and Caddy do."""
    told = {"X-Forwarded-Method": method, "X-Forwarded-Uri": target}
    return {**told, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.com"}


ENVOY = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/attest", "/attest/", "/attest/x?y=z"])
async def test_genuine(clock: SettableClock, token: str, method: str, path: str) -> None:
    """Any method gets 204 with the device and nothing to be stored, or the gate's refusal."""
    async with asking(clock) as client:
        answer = await client.request(method, path, headers={"Approov-Token": token})
        refused = await client.request(method, path)
    assert answer.status_code == 204
    assert answer.headers["X-Attestation-Device"]
    assert answer.headers["Cache-Control"] == refused.headers["Cache-Control"] == "no-store"
    assert "RateLimit" in answer.headers
    assert refused.status_code == 401


async def test_same_refusal(clock: SettableClock) -> None:
    """The refusal is the gate's at any other path, to the byte but for the path."""
    async with asking(clock, approov_status_missing=400, approov_status_invalid=403) as client:
        for headers in ({}, {"Approov-Token": "x"}):
            asked = await client.get("/attest", headers=headers)
            other = await client.get("/secrets", headers=headers)
            assert asked.status_code == other.status_code
            assert asked.text.replace("/attest", "/secrets") == other.text


@pytest.mark.parametrize("device", ["a b", "ü", "a\r\nX-Evil: 1", "a\nb", "", "x" * 257, None])
async def test_device(clock: SettableClock, device: str | None) -> None:
    """A device id that is more than a word of ASCII gets into no header."""
    claims = {"exp": clock.now + 60, **({} if device is None else {"did": device})}
    token = sign({"alg": "HS256", "typ": "JWT"}, claims, SECRET)
    async with asking(clock) as client:
        answer = await client.get("/attest", headers={"Approov-Token": token})
    assert answer.status_code == 204
    assert not {"x-attestation-device", "x-evil"} & answer.headers.keys()


@pytest.mark.parametrize("told", [nginx(), traefik(), {**nginx(), **traefik()}])
async def test_signature(clock: SettableClock, told: Mapping[str, str]) -> None:
    """A signature over the original method and address is good, in each way to tell them."""
    async with signing(clock) as client:
        answer = await client.get("/attest", headers={**signed(clock), **told})
    assert answer.status_code == 204


async def test_signature_by_envoy(clock: SettableClock) -> None:
    """So it is where they are the method and path of the question itself, and its Host."""
    async with signing(clock) as client:
        answer = await client.get("/attest/x?y=z", headers={**signed(clock), **ENVOY})
    assert answer.status_code == 204


async def test_root_by_envoy(clock: SettableClock) -> None:
    """The original root has a slash behind the prefix."""
    headers = signed(clock, url=f"{ORIGIN}/")
    async with signing(clock) as client:
        answer = await client.get("/attest/", headers={**headers, **ENVOY})
    assert answer.status_code == 204


async def test_own_origin(clock: SettableClock) -> None:
    """Where no scheme and host are told, the configured address is meant."""
    headers = signed(clock, url="https://service.test/x?y=z")
    told = {"X-Original-Method": "GET", "X-Original-URI": "/x?y=z"}
    async with signing(clock) as client:
        assert (await client.get("/attest", headers={**headers, **told})).status_code == 204


@pytest.mark.parametrize(
    "told",
    [
        nginx("HEAD"),
        nginx(target="/x?y=other"),
        nginx(target="/other?y=z"),
        nginx() | {"X-Forwarded-Host": "other.example.com"},
        nginx() | {"X-Forwarded-Proto": "http"},
        {},
    ],
)
async def test_signature_for_another(clock: SettableClock, told: Mapping[str, str]) -> None:
    """A signature over something else than what is told is refused."""
    async with signing(clock) as client:
        answer = await client.get("/attest", headers={**signed(clock), **told})
    assert answer.status_code == 401


@pytest.mark.parametrize("told", [nginx(), traefik()])
async def test_stranger(clock: SettableClock, told: Mapping[str, str]) -> None:
    """Who is not known is not believed: the signature is taken to be over the question."""
    async with signing(clock, STRANGER) as client:
        headers = {**signed(clock), **told}
        assert (await client.get("/attest", headers=headers)).status_code == 401
        assert (await client.get("/attest/x?y=z", headers=headers)).status_code == 401
        own = signed(clock, url="https://service.test/attest")
        assert (await client.get("/attest", headers={**own, **told})).status_code == 204


async def test_nobody_is_known(clock: SettableClock, token: str) -> None:
    """By default nobody is, and a token is judged all the same."""
    async with asking(clock, attest_callers=()) as client:
        headers = {"Approov-Token": token, **nginx("bad method"), "X-Forwarded-Uri": "/other"}
        assert (await client.get("/attest", headers=headers)).status_code == 204


async def test_told_peer(clock: SettableClock) -> None:
    """Nobody gets believed by an address that is told of him: who has connected counts."""
    changes = {"approov_message_signing": "required", "public_base_url": "https://service.test"}
    async with asking(clock, STRANGER, forwarded_allow_ips="*", **changes) as client:
        headers = {**signed(clock), **nginx(), "X-Forwarded-For": GATEWAY}
        assert (await client.get("/attest", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("/attest", [*nginx().items(), ("X-Original-URI", "/x?y=z")], id="twice"),
        pytest.param("/attest", [*nginx().items(), ("X-Forwarded-Proto", "https")], id="proto"),
        pytest.param("/attest", [*nginx().items(), ("X-Forwarded-Method", "POST")], id="methods"),
        pytest.param("/attest", [*nginx().items(), ("X-Forwarded-Uri", "/")], id="addresses"),
        pytest.param("/attest/x", [*nginx().items()], id="Envoy and NGINX"),
        pytest.param("/attest/", [("X-Original-Method", "POST")], id="Envoy's method"),
        pytest.param(
            "/attest/",
            [*(ENVOY | {"X-Forwarded-Host": "other.example.com"}).items()],
            id="Envoy's host",
        ),
        pytest.param("/attest", [("X-Original-Method", "GET")], id="no address"),
        pytest.param("/attest", [("X-Original-URI", "/")], id="no method"),
        pytest.param("/attest", [*nginx("G T").items()], id="no method's name"),
        pytest.param("/attest", [*nginx("").items()], id="empty method"),
        pytest.param("/attest", [*nginx(target="").items()], id="empty address"),
        pytest.param("/attest", [*nginx(target="x").items()], id="no path"),
        pytest.param("/attest", [*nginx(target="https://a.test/").items()], id="absolute"),
        pytest.param("/attest", [*nginx(target="/x y").items()], id="blank"),
        pytest.param("/attest", [*nginx(target="/x#y").items()], id="fragment"),
        pytest.param(
            "/attest", [*(nginx() | {"X-Forwarded-Host": "a/b"}).items()], id="host with path"
        ),
        pytest.param("/attest", [*(nginx() | {"X-Forwarded-Proto": "ftp"}).items()], id="scheme"),
        pytest.param(
            "/attest", [*(nginx() | {"X-Forwarded-Host": "a, b"}).items()], id="list of hosts"
        ),
        pytest.param(
            "/attest",
            [item for item in nginx().items() if item[0] != "X-Forwarded-Proto"],
            id="host without scheme",
        ),
    ],
)
async def test_unclear(clock: SettableClock, token: str, path: str, told: Fields) -> None:
    """Where it is not clear which request is meant, it is refused, however good its token is."""
    async with asking(clock, attest_reason="on") as client:
        answer = await client.get(path, headers=[("Approov-Token", token), *told])
    assert answer.status_code == 401
    assert answer.headers["X-Attestation-Reason"] == "original_request"


async def test_binding(clock: SettableClock) -> None:
    """Binding is judged by the headers that came along, for whoever asks."""
    user = "Bearer user"
    pay = base64.b64encode(hashlib.sha256(user.encode()).digest()).decode()
    token = sign({"alg": "HS256", "typ": "JWT"}, {"exp": clock.now + 60, "pay": pay}, SECRET)
    for peer in (GATEWAY, STRANGER):
        async with asking(clock, peer, approov_binding_headers="Authorization") as client:
            headers = {"Approov-Token": token, **nginx()}
            bound = await client.get("/attest", headers={**headers, "Authorization": user})
            other = await client.get("/attest", headers={**headers, "Authorization": "x"})
        assert (bound.status_code, other.status_code) == (204, 401)


@pytest.mark.parametrize("mode", ["required", "if-present"])
@pytest.mark.parametrize("body", [b"", b"x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
async def test_unseen_body(clock: SettableClock, mode: str, body: bytes, method: str) -> None:
    """What may have a body cannot be checked if it is signed, so it does not pass.

    Also without a digest: that would be of nothing, and whoever stands between may have added one.
    """
    headers = signed(clock, method, body=body)
    async with signing(clock, mode=mode) as client:
        answer = await client.get("/attest", headers={**headers, **nginx(method)})
    assert answer.status_code == 401


async def test_digest_of_unseen_body(clock: SettableClock) -> None:
    """A GET with the digest of a body is refused, too: the body is not there."""
    async with signing(clock) as client:
        headers = {**signed(clock, body=b"x"), **nginx()}
        assert (await client.get("/attest", headers=headers)).status_code == 401


async def test_seen_body(clock: SettableClock) -> None:
    """A body that the gateway passes on is checked, as Envoy can be told to do."""
    headers = {**signed(clock, "POST", body=b"x"), **ENVOY}
    async with signing(clock) as client:
        good = await client.post("/attest/x?y=z", headers=headers, content=b"x")
        other = await client.post("/attest/x?y=z", headers=headers, content=b"y")
    assert (good.status_code, other.status_code) == (204, 401)


async def test_unsigned(clock: SettableClock, token: str) -> None:
    """Where signatures may be missing, what has none may have a body."""
    async with signing(clock, mode="if-present") as client:
        headers = {"Approov-Token": token, **nginx("POST")}
        assert (await client.get("/attest", headers=headers)).status_code == 204


async def test_replay(clock: SettableClock) -> None:
    """A signed request passes once."""
    headers = {**signed(clock), **nginx()}
    async with signing(clock) as client:
        answers = [await client.get("/attest", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 401]


@pytest.mark.parametrize(
    ("mode", "peer", "reason"),
    [("off", GATEWAY, None), ("on", GATEWAY, "token_missing"), ("on", STRANGER, None)],
)
async def test_reason(clock: SettableClock, mode: str, peer: str, reason: str | None) -> None:
    """The reason is told if it is switched on, to known gateways, and only there."""
    async with asking(clock, peer, attest_reason=mode) as client:
        assert (await client.get("/attest")).headers.get("X-Attestation-Reason") == reason
        assert "X-Attestation-Reason" not in (await client.get("/secrets")).headers


async def test_limits(clock: SettableClock, token: str) -> None:
    """Both limits count questions like any request."""
    limits = {"rate_limit_device": "2/minute", "rate_limit_rejected": "2/minute"}
    async with asking(clock, **limits) as client:
        good = [await client.get("/attest", headers={"Approov-Token": token}) for _ in range(3)]
        bad = [await client.get("/attest") for _ in range(3)]
    assert [answer.status_code for answer in good] == [204, 204, 429]
    assert [answer.status_code for answer in bad] == [401, 401, 429]


async def test_monitor(clock: SettableClock) -> None:
    """Monitoring lets NASA's paths pass, never a gateway's."""
    settings = make_settings(approov_enforcement="monitor", attest_callers="127.0.0.1")
    async with LifespanManager(create_app(settings, clock=clock)) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
            headers = {"X-Original-Method": "GET", "X-Original-URI": "/planetary/apod"}
            assert (await client.get("/attest", headers=headers)).status_code == 401
            assert (await client.get("/attest/planetary/apod")).status_code == 401


@pytest.mark.parametrize("path", ["/attest", "/attest/x"])
def test_fast_path(clock: SettableClock, path: str) -> None:
    """The fast path has no say here: the reason, which it does not know of, is told."""
    settings = make_settings(attest_callers="127.0.0.1", attest_reason="on")
    with serving(create_app(settings, clock=clock)) as url:
        missing = httpx.get(f"{url}{path}")
        unclear = httpx.get(f"{url}{path}", headers={"X-Original-Method": "POST"})
    assert missing.headers["X-Attestation-Reason"] == "token_missing"
    assert unclear.headers["X-Attestation-Reason"] == "original_request"


@pytest.mark.parametrize("text", ["*", "", "10.0.0.0/8,", "example.com", "10.0.0.1/8"])
def test_callers(text: str) -> None:
    """Callers are addresses and networks; not everybody."""
    with pytest.raises(ValueError, match="no address or network"):
        networks(text)
