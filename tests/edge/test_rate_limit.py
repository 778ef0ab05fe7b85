from typing import Any

import http_sf
import pytest

from astropiks.mint import sign
from edge.rate_limit import network
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import SECRET, asking, make_settings

URL = "/planetary/apod?date=2021-10-12"


def token(clock: SettableClock, device: str | None) -> str:
    """Be a genuine app's token, of one device."""
    members = {"exp": clock.now + 300, "did": device}
    present = {name: value for name, value in members.items() if value is not None}
    return sign({"alg": "HS256", "typ": "JWT"}, present, SECRET)


async def test_headers(nasa: StandIn, clock: SettableClock) -> None:
    """Each answer tells what is left, as structured fields."""
    async with asking(nasa, clock, make_settings(rate_limit_device="5/minute")) as client:
        answer = await client.get(URL, headers={"Approov-Token": token(clock, "a")})
    limit: Any = http_sf.parse(answer.headers["RateLimit"].encode(), tltype="list")
    policy = http_sf.parse(answer.headers["RateLimit-Policy"].encode(), tltype="list")
    assert policy == [("device", {"q": 5, "w": 60})]
    ((name, left),) = limit
    assert (name, left["r"]) == ("device", 4)
    assert 1 <= left["t"] <= 60


async def test_too_many(nasa: StandIn, clock: SettableClock) -> None:
    """Beyond its rate a device gets 429 and a time; other devices are served."""
    async with asking(nasa, clock, make_settings(rate_limit_device="2/minute")) as client:
        mine, other = ({"Approov-Token": token(clock, name)} for name in "ab")
        answers = [await client.get(URL, headers=mine) for _ in range(3)]
        others = await client.get(URL, headers=other)
        clock.advance(seconds=int(answers[2].headers["Retry-After"]))
        after = await client.get(URL, headers=mine)
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["code"] == "OVER_RATE_LIMIT"
    assert answers[2].headers["RateLimit"].startswith('"device";r=0;')
    assert (others.status_code, after.status_code) == (200, 200)


async def test_order(nasa: StandIn, clock: SettableClock) -> None:
    """Attestation comes before the limit, and the limit before the look at the query."""
    async with asking(nasa, clock, make_settings(rate_limit_device="1/minute")) as client:
        good = {"Approov-Token": token(clock, "a")}
        statuses = [
            (await client.get("/planetary/apod?date=odd", headers=headers)).status_code
            for headers in (good, good, {})
        ]
    assert statuses == [400, 429, 401]


async def test_no_device(nasa: StandIn, clock: SettableClock) -> None:
    """A token that names no device is counted by address, with all such of that address."""
    async with asking(nasa, clock, make_settings(rate_limit_device="1/minute")) as client:
        headers = ({"Approov-Token": token(clock, None)} for _ in range(2))
        statuses = [(await client.get(URL, headers=one)).status_code for one in headers]
    assert statuses == [200, 429]


async def test_rejected(nasa: StandIn, clock: SettableClock) -> None:
    """An address gets so many refusals, whatever their reason, then 429; a good token passes."""
    async with asking(nasa, clock, make_settings(rate_limit_rejected="3/minute")) as client:
        bad: list[dict[str, str]] = [{}, {"Approov-Token": "x"}, {}, {}, {"Approov-Token": "x"}]
        answers = [await client.get("/anything", headers=headers) for headers in bad]
        good = await client.get(URL, headers={"Approov-Token": token(clock, "a")})
    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert answers[3].content == answers[4].content
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert good.status_code == 200


async def test_router(nasa: StandIn, clock: SettableClock) -> None:
    """Behind a router, each client has a limit of its own, and cannot choose its address."""
    settings = make_settings(rate_limit_rejected="1/minute", forwarded_allow_ips="*")
    async with asking(nasa, clock, settings) as client:
        statuses = [
            (await client.get("/", headers={"X-Forwarded-For": told})).status_code
            for told in ("192.0.2.1", "192.0.2.2", "192.0.2.9, 192.0.2.1", "2001:db8::1")
        ]
    assert statuses == [401, 401, 429, 401]


async def test_off(nasa: StandIn, clock: SettableClock) -> None:
    """Both can be switched off, and say nothing then."""
    settings = make_settings(rate_limit_device="off", rate_limit_rejected="off")
    async with asking(nasa, clock, settings) as client:
        answer = await client.get(URL, headers={"Approov-Token": token(clock, "a")})
    assert not {"ratelimit", "ratelimit-policy"} & answer.headers.keys()


async def test_probes_are_free(nasa: StandIn, clock: SettableClock) -> None:
    """A router's probes are not counted."""
    settings = make_settings(rate_limit_device="1/hour", rate_limit_rejected="1/hour")
    async with asking(nasa, clock, settings) as client:
        answers = [await client.get("/readyz") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "ratelimit" not in answers[0].headers


async def test_monitored(nasa: StandIn, clock: SettableClock) -> None:
    """Where nothing is enforced yet, the device's rate holds for addresses."""
    settings = make_settings(approov_enforcement="monitor", rate_limit_device="1/minute")
    async with asking(nasa, clock, settings) as client:
        statuses = [(await client.get(URL)).status_code for _ in range(2)]
    assert statuses == [200, 429]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
    ],
)
def test_network(address: str, expected: str) -> None:
    """One customer has one IPv4 address, and a whole network of IPv6."""
    assert network(address) == expected
