import asyncio
import base64
from datetime import datetime
from itertools import product
from pathlib import Path

import httpx
import pytest

from astropiks.signer import InstallKey, sign_request
from edge import logs
from secrets_service.assembly import build_catalog
from secrets_service.catalog_file import CatalogError
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import asking, make_settings
from tests.secrets_service.conftest import VALUE, Serve, Trail, token

SIMPLE = """
[secrets.maps-key]
source = "env:MAPS_KEY"
"""


async def test_no_secrets(client: httpx.AsyncClient) -> None:
    """Where none is configured the list is empty, and the answer is not kept."""
    answer = await client.get("/secrets")
    assert (answer.status_code, answer.json()) == (200, {"secrets": []})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_simple(serve: Serve) -> None:
    """A variable is a secret: name, value, version and when to ask again."""
    async with serve(runtime_secrets={"maps-key": VALUE}) as client:
        answer = await client.get("/secrets/maps-key")
        listed = (await client.get("/secrets")).json()["secrets"]
    version = answer.json()["version"]
    assert answer.json() == {
        "name": "maps-key",
        "value": VALUE,
        "version": version,
        "expires_at": "2026-11-24T12:00:00Z",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert listed == [{"name": "maps-key", "version": version, "also_valid": [], "sealed": False}]


async def test_version_follows_value(serve: Serve) -> None:
    """A version without a name changes with the value, and tells nothing of it."""
    versions = []
    for value in (VALUE, VALUE, "another"):
        async with serve(runtime_secrets={"maps-key": value}) as client:
            versions.append((await client.get("/secrets")).json()["secrets"][0]["version"])
    assert versions[0] == versions[1] != versions[2]
    assert all(len(version) == 12 for version in versions)


async def test_source_down(serve: Serve, tmp_path: Path, trail: Trail) -> None:
    """While a source fails its secret is a 503 that is put on record; the others go on."""
    file = tmp_path / "value"
    file.write_text(VALUE)
    toml = f'{SIMPLE}[secrets.other]\nsource = "file:{file}"\n'
    async with serve(toml) as client:
        file.unlink()
        answer = await client.get("/secrets/other")
        listed = (await client.get("/secrets")).json()["secrets"]
        well = await client.get("/secrets/maps-key")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert [secret["version"] is None for secret in listed] == [False, True]
    assert well.status_code == 200
    assert [line.get("reason") for line in trail()] == ["undeliverable", None]


async def test_failures_cost_no_rate(serve: Serve, tmp_path: Path) -> None:
    """What could not be delivered does not count against the device."""
    file = tmp_path / "value"
    file.write_text(VALUE)
    toml = f'[secrets.x]\nsource = "file:{file}"\npolicy.rate = "1/hour"\n'
    async with serve(toml, runtime_secrets_hold_seconds=0) as client:
        file.unlink()
        assert (await client.get("/secrets/x")).status_code == 503
        file.write_text(VALUE)
        assert (await client.get("/secrets/x")).status_code == 200


async def test_no_device(serve: Serve, clock: SettableClock) -> None:
    """Who has no device, where a rate wants one, cannot tell the secret from none at all."""
    toml = f'{SIMPLE}policy = {{ rate = "1/hour", sealed = true }}\n'
    async with serve(toml) as client:
        client.headers["Approov-Token"] = token(clock, did=None)
        assert (await client.get("/secrets/maps-key")).status_code == 404
        assert (await client.get("/secrets")).json() == {"secrets": []}


@pytest.mark.parametrize(
    "settings",
    [
        {"web_concurrency": 4, "runtime": "rate"},
        {"runtime_secrets": {"maps-key": "x" * 70_000}},
        {"runtime_secrets": {"maps-key": "\udcff"}},
    ],
    ids=["rate of several processes", "long value", "no text"],
)
def test_refused_at_start(tmp_path: Path, settings: dict[str, object]) -> None:
    """What could not be kept to is refused before anything is served, and not quoted."""
    if settings.pop("runtime", None):
        (tmp_path / "x.toml").write_text('[secrets.x]\nsource="env:A"\npolicy.rate="1/hour"\n')
        settings["runtime_secrets_file"] = tmp_path / "x.toml"
    with pytest.raises(CatalogError) as refusal:
        build_catalog(make_settings(**settings), {"A": "x"})
    assert "xxx" not in str(refusal.value)


async def test_value_and_version(serve: Serve, tmp_path: Path) -> None:
    """A value never goes out under the version of another, however often it changes."""
    file = tmp_path / "value"
    file.write_text("0")
    seen: dict[str, str] = {}
    toml = f'[secrets.x]\nsource = "file:{file}"\n'
    async with serve(toml, runtime_secrets_hold_seconds=0) as client:
        for n in range(30):
            file.write_text(str(n % 3))
            for answer in await asyncio.gather(*(client.get("/secrets/x") for _ in range(5))):
                got = answer.json()
                assert seen.setdefault(got["version"], got["value"]) == got["value"]
    assert len(seen) == 3


async def test_polling(serve: Serve, trail: Trail) -> None:
    """A client that has the version is told so; that is no delivery."""
    async with serve(SIMPLE) as client:
        first = await client.get("/secrets/maps-key")
        for tag in (first.headers["ETag"], f'W/{first.headers["ETag"]}, "x"'):
            again = await client.get("/secrets/maps-key", headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["Cache-Control"] == "no-store"
        other = await client.get("/secrets/maps-key", headers={"If-None-Match": '"x"'})
    assert other.status_code == 200
    assert len(trail()) == 2


ODD_NAMES = [
    "x",
    "MAPS-KEY",
    "maps_key",
    "maps-key%20",
    "%00",
    "é",
    "..",
    "%2e%2e%2fx",
    "a" * 10_000,
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_unknown(serve: Serve, trail: Trail, name: str) -> None:
    """What is not there is a 404 like any other; its name is put on no record."""
    async with serve(SIMPLE) as client:
        answer = await client.get(f"/secrets/{name}")
        other = await client.get("/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"] == other.json()["error"]
    assert all("secret" not in line or line["secret"] is None for line in trail())


POLICIES = {
    "binding": ("binding = true", "not_bound"),
    "signature": ("signature = true", "not_signed"),
    "claim": ('claims = { plan = "pro" }', "claim_refused"),
    "claim of a list": ('claims = { plan = ["pro", "team"] }', "claim_refused"),
    "claim of another type": ("claims = { plan = true }", "claim_refused"),
    "age": ("max_token_age = 60", "token_too_old"),
}
SETTINGS = {
    "approov_message_signing": "if-present",
    "approov_missing_binding": "allow",
    "public_base_url": "https://proxy.test",
}
"""As lenient as the proxy's own requests may be: secrets do not become so by it."""


@pytest.mark.parametrize(("policy", "reason"), POLICIES.values(), ids=POLICIES)
async def test_denied(
    serve: Serve, clock: SettableClock, trail: Trail, policy: str, reason: str
) -> None:
    """Who may not have a secret cannot tell it from one that is not there; the trail can."""
    toml = f"{SIMPLE}[secrets.maps-key.policy]\n{policy}\n"
    settings = {**SETTINGS, "approov_binding_headers": "authorization"}
    async with serve(toml, **settings) as client:
        client.headers["Approov-Token"] = token(clock, iat=clock.now - 61, plan=1)
        answer = await client.get("/secrets/maps-key")
        unknown = await client.get("/secrets/unknown")
        listed = (await client.get("/secrets")).json()
    assert answer.status_code == unknown.status_code == 404
    same = [{**one.json(), "instance": ""} for one in (answer, unknown)]
    assert same[0] == same[1]
    assert {*answer.headers} == {*unknown.headers}
    assert listed == {"secrets": []}
    assert [line["reason"] for line in trail()] == [reason, "unknown"]


@pytest.mark.parametrize(("bound", "signed", "plan", "age"), list(product([True, False], repeat=4)))
async def test_truth_table(
    serve: Serve, clock: SettableClock, *, bound: bool, signed: bool, plan: bool, age: bool
) -> None:
    """A secret with every demand is given to whoever meets all of them, and to nobody else."""
    toml = f"""{SIMPLE}
    [secrets.maps-key.policy]
    binding = true
    signature = true
    claims = {{ plan = ["pro", "team"] }}
    max_token_age = 60
    """
    url = "https://proxy.test/secrets/maps-key"
    settings = {**SETTINGS, "approov_binding_headers": "authorization"}
    install = InstallKey()
    claims = {
        "plan": "team" if plan else "free",
        "iat": clock.now - (60 if age else 61),
    }
    async with serve(toml, **settings) as client:
        del client.headers["Approov-Token"]
        if signed:
            claims["ipk"] = base64.b64encode(install.public).decode()
        text = token(clock, bind="user" if bound else None, **claims)
        headers = {"Approov-Token": text, **({"Authorization": "user"} if bound else {})}
        if signed:
            signed_headers = sign_request(
                install, "GET", url, {"Approov-Token": text}, now=clock.now
            )
            headers = {**headers, **signed_headers}
        answer = await client.get(url, headers=headers)
    assert answer.status_code == (200 if all((bound, signed, plan, age)) else 404)


async def test_no_issue_time(serve: Serve, clock: SettableClock) -> None:
    """A token that does not say how old it is, is too old."""
    async with serve(f"{SIMPLE}[secrets.maps-key.policy]\nmax_token_age = 60\n") as client:
        assert (await client.get("/secrets/maps-key")).status_code == 200
        client.headers["Approov-Token"] = token(clock, iat=None)
        assert (await client.get("/secrets/maps-key")).status_code == 404


async def test_monitor_mode(serve: Serve) -> None:
    """Monitor mode never lets anybody have a secret: not one route of the service."""
    async with serve(SIMPLE, approov_enforcement="monitor") as client:
        del client.headers["Approov-Token"]
        for path in ("/secrets", "/secrets/maps-key", "/secrets/unknown"):
            assert (await client.get(path)).status_code == 401
        assert (await client.get("/planetary/apod")).status_code == 200


async def test_alone(nasa: StandIn, clock: SettableClock) -> None:
    """The service runs alone as well, and then asks NASA nothing."""
    settings = make_settings(
        services="secrets", nasa_api_key=None, runtime_secrets={"maps-key": VALUE}
    )
    async with asking(nasa, clock, settings) as client:
        client.headers["Approov-Token"] = token(clock)
        assert (await client.get("/secrets/maps-key")).json()["value"] == VALUE
        assert (await client.get("/planetary/apod")).status_code == 404
    assert nasa.requests == []


async def test_rate(serve: Serve, clock: SettableClock, trail: Trail) -> None:
    """A device gets a secret so often, and another device none the less."""
    async with serve(f'{SIMPLE}[secrets.maps-key.policy]\nrate = "2/hour"\n') as client:
        answers = [await client.get("/secrets/maps-key") for _ in range(3)]
        polling = await client.get(
            "/secrets/maps-key", headers={"If-None-Match": answers[0].headers["ETag"]}
        )
        client.headers["Approov-Token"] = token(clock, did="b3RoZXI=")
        other = await client.get("/secrets/maps-key")
        client.headers["Approov-Token"] = token(clock, did=None)
        nobody = await client.get("/secrets/maps-key")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 3600
    assert (polling.status_code, other.status_code, nobody.status_code) == (304, 200, 404)
    assert [line.get("reason") for line in trail()] == [None, None, "too_many", None, "no_device"]


ROTATING = """
[secrets.pay-key]
lifetime = 7200

[secrets.pay-key.versions.current]
name = "2026-11"
source = "env:MAPS_KEY"

[secrets.pay-key.versions.next]
name = "2026-12"
source = "env:NEXT_KEY"
from = 2026-11-23T13:00:00Z

[[secrets.pay-key.versions.retired]]
name = "2026-10"
until = 2026-11-23T12:30:00Z
"""


async def test_rotation(
    serve: Serve, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next version is delivered from its time on, without a restart; both are known."""
    monkeypatch.setenv("NEXT_KEY", "next-value")
    seen = []
    async with serve(ROTATING) as client:
        for minutes in (0, 40, 19, 1):
            clock.advance(minutes=minutes)
            client.headers["Approov-Token"] = token(clock)
            answer = (await client.get("/secrets/pay-key")).json()
            (listed,) = (await client.get("/secrets")).json()["secrets"]
            assert answer["version"] == listed["version"]
            ahead = datetime.fromisoformat(answer["expires_at"]).timestamp() - clock.now
            seen.append((answer["value"], ahead, listed["also_valid"]))
    assert seen == [
        (VALUE, 3600, ["2026-10"]),
        (VALUE, 1200, []),
        (VALUE, 60, []),
        ("next-value", 7200, ["2026-11"]),
    ]


async def test_trail(serve: Serve, clock: SettableClock, trail: Trail) -> None:
    """Each delivery leaves one line: what, which version, to whom, from where; and no value."""
    async with serve(SIMPLE) as client:
        answer = await client.get("/secrets/maps-key", headers={"X-Request-ID": "request-1"})
        client.headers["Approov-Token"] = token(clock, did="b3RoZXI=")
        await client.get("/secrets/maps-key")
    first, second = trail()
    assert first["event"] == "secret_delivered"
    assert (first["secret"], first["version"]) == ("maps-key", answer.json()["version"])
    assert (first["outcome"], first["sealed"]) == ("delivered", "false")
    assert (first["request_id"], first["address"]) == ("request-1", "127.0.0.1")
    assert len(first["device"]) == len(second["device"]) == 32
    assert first["device"] != second["device"]
    assert VALUE not in str([first, second])
    assert "ZGV2ZWxvcG1lbnQtZGV2aQ" not in str(first)


async def test_device_hash(serve: Serve, trail: Trail) -> None:
    """What stands for a device is the same as long as its key is, and another under another."""
    for key in ("k" * 32, "k" * 32, "j" * 32):
        async with serve(SIMPLE, audit_hash_key=key) as client:
            await client.get("/secrets/maps-key")
    devices = [line["device"] for line in trail()]
    assert devices[0] == devices[1] != devices[2]


@pytest.mark.parametrize("failure", [OSError(), ValueError("closed file")])
async def test_no_trail_no_secret(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """A delivery that cannot be put on record does not take place."""

    def broken(*_: object, **__: object) -> None:
        raise failure

    async with serve(SIMPLE) as client:
        monkeypatch.setattr(logs, "record", broken)
        answer = await client.get("/secrets/maps-key")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SECRET_UNAVAILABLE")
    assert VALUE not in answer.text
