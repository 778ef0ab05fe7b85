"""Binding, signatures, modes and key sets, through the whole application."""

import base64
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from astropiks.mint import Invalid, mint
from astropiks.signer import AccountKey, InstallKey, sign_request
from edge import logs
from edge.settings import DevelopmentSettings, Settings
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.attestation.test_keysets import jwk
from tests.attestation.test_keysets import token as signed_token
from tests.conftest import NASA_KEY, SECRET, asking
from tests.conftest import make_settings as make_production_settings

ORIGIN = "https://proxy.test"
APOD = "/planetary/apod?date=2021-10-12"
INSTALL = InstallKey()
ACCOUNT = "YWNjb3VudCBrZXkgb2YgdGhlIHRlc3RzLCA0OCBieXRlcyBsb25nLCBzZWNyZXQu"


def make_settings(**changes: object) -> Settings:
    """Give a whole configuration, with the public address that signatures need."""
    return make_production_settings(**{"public_base_url": ORIGIN, **changes})


async def status(
    nasa: StandIn,
    clock: SettableClock,
    settings: Settings,
    headers: dict[str, str],
    path: str = APOD,
) -> int:
    """Ask once, and give the status."""
    async with asking(nasa, clock, settings) as client:
        return (await client.get(path, headers=headers)).status_code


def signed(clock: SettableClock, path: str = APOD, origin: str = ORIGIN) -> dict[str, str]:
    """Sign a request as the app would."""
    token = mint(SECRET, now=clock.now, install_key=INSTALL.public)
    return sign_request(INSTALL, "GET", origin + path, {"Approov-Token": token}, now=clock.now)


@pytest.mark.parametrize(
    ("authorization", "expected"), [("Bearer me", 200), ("Bearer you", 401), (None, 401)]
)
async def test_binding(
    nasa: StandIn, clock: SettableClock, authorization: str | None, expected: int
) -> None:
    """With APPROOV_BINDING_HEADERS a token is good only beside what it is bound to."""
    settings = make_settings(approov_binding_headers="Authorization")
    headers = {"Approov-Token": mint(SECRET, now=clock.now, bind="Bearer me")}
    if authorization:
        headers["Authorization"] = authorization
    assert await status(nasa, clock, settings, headers) == expected


@pytest.mark.parametrize(("missing", "expected"), [("deny", 401), ("allow", 200)])
async def test_missing_binding(
    nasa: StandIn, clock: SettableClock, token: str, missing: str, expected: int
) -> None:
    """APPROOV_MISSING_BINDING decides on tokens that are bound to nothing."""
    settings = make_settings(
        approov_binding_headers="Authorization, X-Device-Id", approov_missing_binding=missing
    )
    assert await status(nasa, clock, settings, {"Approov-Token": token}) == expected


async def test_signature(nasa: StandIn, clock: SettableClock) -> None:
    """A signed request is accepted once, at the address it was signed for."""
    settings = make_settings(approov_message_signing="required")
    async with asking(nasa, clock, settings) as client:
        headers = signed(clock)
        assert (await client.get(APOD, headers=headers)).status_code == 200
        assert (await client.get(APOD, headers=headers)).status_code == 401
        assert (await client.get("/secrets", headers=signed(clock))).status_code == 401
        token_only = {"Approov-Token": headers["Approov-Token"]}
        assert (await client.get(APOD, headers=token_only)).status_code == 401


async def test_account_signature(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """APPROOV_ACCOUNT_SIGNING_KEY verifies the account's signatures."""
    settings = make_settings(
        approov_message_signing="required", approov_account_signing_key=ACCOUNT
    )
    key = settings.account_signing_key
    assert key
    headers = sign_request(
        AccountKey(key), "GET", ORIGIN + APOD, {"Approov-Token": token}, now=clock.now
    )
    assert await status(nasa, clock, settings, headers) == 200


@pytest.mark.parametrize(
    ("public", "signed_for", "expected"),
    [
        ("https://api.example.com", "https://api.example.com", 200),
        ("https://api.example.com/", "https://api.example.com", 200),
        ("https://api.example.com", ORIGIN, 401),
    ],
)
async def test_public_base_url(
    nasa: StandIn, clock: SettableClock, public: str, signed_for: str, expected: int
) -> None:
    """Behind a router the signed address is PUBLIC_BASE_URL, whatever Host says."""
    settings = make_settings(approov_message_signing="required", public_base_url=public)
    headers = signed(clock, origin=signed_for)
    assert await status(nasa, clock, settings, headers) == expected


HOSTS = {
    "the one signed for": ("proxy.test", ORIGIN, 200),
    "another": ("other.test", ORIGIN, 401),
    "with a path": ("h.test/planetary", "http://h.test/planetary", 401),
    "with a query": ("h.test?x=", "http://h.test?x=", 401),
    "with a user": ("u@h.test", "http://u@h.test", 401),
    "absent": (None, "", 401),
}


@pytest.mark.parametrize(("host", "signed_for", "expected"), HOSTS.values(), ids=HOSTS)
async def test_host(
    nasa: StandIn, clock: SettableClock, host: str | None, signed_for: str, expected: int
) -> None:
    """In development the address is the Host's, if that is a host and nothing else."""
    secret = base64.b64encode(SECRET).decode()
    settings = DevelopmentSettings.model_validate(
        {
            "APPROOV_BASE64_SECRET": secret,
            "APPROOV_MESSAGE_SIGNING": "required",
            "NASA_API_KEY": NASA_KEY,
            "NASA_API_BASE_URL": "https://api.nasa.test",
            "NASA_SCIENCE_BASE_URL": "https://api.nasa.test",
        }
    )
    headers = signed(clock, "/secrets", origin=signed_for)
    headers["X-Forwarded-Host"] = "proxy.test"
    async with asking(nasa, clock, settings) as client:
        request = client.build_request("GET", "/secrets", headers=headers)
        del request.headers["Host"]
        if host is not None:
            request.headers["Host"] = host
        assert (await client.send(request)).status_code == expected


async def test_expiry_while_receiving(nasa: StandIn, clock: SettableClock) -> None:
    """A token that expires while the body comes is refused."""

    async def slow_body() -> AsyncIterator[bytes]:
        yield b"bo"
        clock.advance(hours=2)
        yield b"dy"

    token = {"Approov-Token": mint(SECRET, now=clock.now, install_key=INSTALL.public)}
    later = clock.now + 7200
    headers = sign_request(INSTALL, "POST", ORIGIN + APOD, token, now=later, body=b"body")
    settings = make_settings(approov_message_signing="required")
    async with asking(nasa, clock, settings) as client:
        answer = await client.post(APOD, headers=headers, content=slow_body())
    assert answer.status_code == 401


async def test_signature_settings(nasa: StandIn, clock: SettableClock) -> None:
    """Greatest age, skew and the token's header reach the verifier."""
    changes = {
        "approov_message_signing": "required",
        "approov_signature_max_age_seconds": 5,
        "approov_signature_skew_seconds": 1,
        "approov_header_name": "X-Token",
    }
    settings = make_settings(**changes)
    for age, expected in ((5.9, 200), (6, 401), (-1, 200), (-1.1, 401)):
        token = mint(SECRET, now=clock.now, install_key=INSTALL.public)
        created = round(clock.now - age)
        headers = sign_request(INSTALL, "GET", ORIGIN + APOD, {"X-Token": token}, now=created)
        clock.now = created + age
        assert await status(nasa, clock, settings, headers) == expected


async def test_signed_body(nasa: StandIn, clock: SettableClock) -> None:
    """A body has to be covered; one over the bound is refused unread to its end."""
    settings = make_settings(approov_message_signing="required")
    async with asking(nasa, clock, settings) as client:
        token = {"Approov-Token": mint(SECRET, now=clock.now, install_key=INSTALL.public)}
        for body, expected in (
            (b"body", 405),
            (b"x" * 1024 * 1024, 405),
            (b"x" * 1024 * 1025, 401),
        ):
            headers = sign_request(INSTALL, "POST", ORIGIN + APOD, token, now=clock.now, body=body)
            assert (await client.post(APOD, headers=headers, content=body)).status_code == expected
        headers = sign_request(INSTALL, "POST", ORIGIN + APOD, token, now=clock.now)
        assert (await client.post(APOD, headers=headers, content=b"body")).status_code == 401


async def test_monitor(nasa: StandIn, clock: SettableClock) -> None:
    """In monitor mode the proxy answers all the same; secrets and unknown paths are enforced."""
    settings = make_settings(approov_enforcement="monitor")
    bad = {"Approov-Token": mint(SECRET, now=clock.now, invalid=Invalid.SIGNATURE)}
    assert await status(nasa, clock, settings, bad) == 200
    assert await status(nasa, clock, settings, {}) == 200
    assert await status(nasa, clock, settings, {}, f"/v2/api.nasa.gov{APOD}") == 200
    assert await status(nasa, clock, settings, bad, "/secrets") == 401
    assert await status(nasa, clock, settings, bad, "/other") == 401


@pytest.mark.parametrize(
    ("changes", "headers", "expected"),
    [
        ({"approov_status_invalid": 403}, {}, 401),
        ({"approov_status_invalid": 403}, {"Approov-Token": "x"}, 403),
        ({"approov_status_missing": 400}, {}, 400),
        ({"approov_status_missing": 400}, {"Approov-Token": ""}, 400),
        ({"approov_status_missing": 400}, {"Approov-Token": "x"}, 401),
    ],
)
async def test_statuses(
    nasa: StandIn,
    clock: SettableClock,
    changes: dict[str, object],
    headers: dict[str, str],
    expected: int,
) -> None:
    """Missing and bad tokens can be told apart, as AWS does; only a 401 has a challenge."""
    async with asking(nasa, clock, make_settings(**changes)) as client:
        answer = await client.get(APOD, headers=headers)
    assert answer.status_code == expected
    assert ("WWW-Authenticate" in answer.headers) == (expected == 401)


async def test_claim_settings(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Issuer, audience, leeway and cap reach the verifier."""
    headers = {"Approov-Token": token}
    for change in (
        {"approov_issuer": "x.approov.io"},
        {"approov_audience": "api.test"},
        {"approov_max_lifetime_seconds": 60},
    ):
        assert await status(nasa, clock, make_settings(**change), headers) == 401
    clock.advance(hours=1, seconds=4)
    assert await status(nasa, clock, make_settings(), headers) == 401
    assert await status(nasa, clock, make_settings(approov_leeway_seconds=5), headers) == 200


async def test_keyset(nasa: StandIn, clock: SettableClock, tmp_path: Path, token: str) -> None:
    """Keys of the file and secrets are in force together."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [jwk("ES256")]}))
    settings = make_settings(approov_keyset_file=file)
    es256 = signed_token(clock, "ES256", _private("ES256"), "ES256").decode()
    assert await status(nasa, clock, settings, {"Approov-Token": es256}) == 200
    assert await status(nasa, clock, settings, {"Approov-Token": token}) == 200
    only_keyset = make_settings(approov_keyset_file=file, approov_base64_secret=None)
    assert await status(nasa, clock, only_keyset, {"Approov-Token": es256}) == 200
    assert await status(nasa, clock, only_keyset, {"Approov-Token": token}) == 401


def _private(algorithm: str) -> Any:  # noqa: ANN401
    from tests.attestation.test_keysets import PRIVATE  # noqa: PLC0415

    return PRIVATE[algorithm]


REFUSALS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "token_missing": ({}, {}),
    "token_segments": ({}, {"Approov-Token": "NO_NETWORK"}),
    "expired": ({}, {"Approov-Token": mint(SECRET, now=0)}),
    "signature_invalid": ({}, {"Approov-Token": mint(b"x" * 64, now=4e9)}),
    "binding_missing": (
        {"approov_binding_headers": "Authorization"},
        {"Approov-Token": mint(SECRET, now=4e9)},
    ),
    "binding_mismatch": (
        {"approov_binding_headers": "Authorization"},
        {"Approov-Token": mint(SECRET, now=4e9, bind="one"), "Authorization": "two"},
    ),
    "message_signature_missing": (
        {"approov_message_signing": "required"},
        {"Approov-Token": mint(SECRET, now=4e9)},
    ),
}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Log as production does, and give what was logged."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("json", "info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("reason", REFUSALS)
async def test_log_line(
    nasa: StandIn, clock: SettableClock, lines: Callable[[], list[dict[str, Any]]], reason: str
) -> None:
    """A refused request leaves its reason and detail in its line, and nothing of its token."""
    changes, headers = REFUSALS[reason]
    await status(nasa, clock, make_settings(**changes), headers)
    logged = lines()
    (line,) = [line for line in logged if line["event"] == "request"]
    assert (line["route"], line["status"]) == ("/planetary/apod", 401)
    assert (line["reason"], line["outcome"]) == (reason, "refused")
    assert line["detail"]
    private = {part for value in headers.values() for part in value.split(".") if len(part) > 3}
    assert not [part for part in private - {"NO_NETWORK"} if part in str(logged)]


async def test_answered_log_line(
    nasa: StandIn, clock: SettableClock, token: str, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """An answered request leaves how it was come by; a monitored one what would have been."""
    settings = make_settings(approov_enforcement="monitor")
    await status(nasa, clock, settings, {"Approov-Token": token})
    await status(nasa, clock, settings, {})
    answered, monitored = [line for line in lines() if line["event"] == "request"]
    assert (answered["cache"], answered["status"]) == ("miss", 200)
    assert (monitored["outcome"], monitored["reason"]) == ("monitored", "token_missing")
