import pytest
from starlette.types import Message, Receive, Scope, Send

from edge.client_address import ClientAddress, Routers
from edge.setting_types import forwarders
from tests.conftest import make_settings


async def client(allowed: str, peer: str | None, *forwarded: str) -> str | None:
    """Give the address that the application sees."""
    seen: list[str | None] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["client"][0] if scope["client"] else None)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return

    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "headers": headers, "client": (peer, 1) if peer else None}
    settings = make_settings(forwarded_allow_ips=allowed)
    await ClientAddress(app, routers=Routers(settings.forwarded_allow_ips))(scope, receive, send)
    return seen[0]


ROUTER, INNER = "10.1.2.3", "10.9.9.9"
NETWORK = "10.0.0.0/8"


@pytest.mark.parametrize(
    ("allowed", "peer", "forwarded", "expected"),
    [
        pytest.param("*", ROUTER, ["192.0.2.1"], "192.0.2.1", id="Heroku's router"),
        pytest.param("*", ROUTER, ["6.6.6.6, 192.0.2.1"], "192.0.2.1", id="only the last hop"),
        pytest.param("*", ROUTER, ["6.6.6.6", "192.0.2.1"], "192.0.2.1", id="of several lines"),
        pytest.param("*", ROUTER, ["192.0.2.1, junk"], ROUTER, id="no address"),
        pytest.param("*", ROUTER, [], ROUTER, id="no header"),
        pytest.param("*", ROUTER, [""], ROUTER, id="empty header"),
        pytest.param("*", ROUTER, ["[2001:db8::1]:443"], "2001:db8::1", id="IPv6 with port"),
        pytest.param("*", ROUTER, ["2001:db8::1"], "2001:db8::1", id="IPv6"),
        pytest.param("*", ROUTER, ["192.0.2.1:55555"], "192.0.2.1", id="IPv4 with port"),
        pytest.param(NETWORK, ROUTER, ["192.0.2.1"], "192.0.2.1", id="known router"),
        pytest.param(NETWORK, ROUTER, [f"192.0.2.1, {INNER}"], "192.0.2.1", id="two routers"),
        pytest.param(NETWORK, ROUTER, ["6.6.6.6, 192.0.2.1"], "192.0.2.1", id="spoofed before it"),
        pytest.param(NETWORK, "192.0.2.7", ["6.6.6.6"], "192.0.2.7", id="stranger"),
        pytest.param(NETWORK, ROUTER, [INNER], INNER, id="nobody but routers"),
        pytest.param(NETWORK, ROUTER, ["192.0.2.1, ::1%eth0"], ROUTER, id="junk ends it"),
        pytest.param(NETWORK, f"::ffff:{ROUTER}", ["192.0.2.1"], "192.0.2.1", id="mapped"),
        pytest.param(NETWORK, ROUTER, [",".join([INNER] * 50)], INNER, id="many hops"),
        pytest.param("10.1.2.3,2001:db8::/32", ROUTER, ["192.0.2.1"], "192.0.2.1", id="a list"),
        pytest.param(NETWORK, "unix", ["192.0.2.1"], "unix", id="no peer address"),
    ],
)
async def test_client(allowed: str, peer: str, forwarded: list[str], expected: str) -> None:
    """The client is the last address that none of our routers has."""
    assert await client(allowed, peer, *forwarded) == expected


async def test_nobody() -> None:
    """Where the server knows no peer, nothing is made up."""
    assert await client("*", None, "192.0.2.1") is None


@pytest.mark.parametrize("text", ["10.0.0.1/8", "router", "*,10.0.0.1", "10.0.0.0/33", ","])
def test_odd_setting(text: str) -> None:
    """What is no address, network or star is refused with the settings, which do not quote it."""
    with pytest.raises(ValueError, match="no address or network"):
        forwarders(text)
