import httpx
import pytest
from starlette.types import Scope

from astropiks.apps import create_app
from astropiks.console.callers import may_ask
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.console.served import development_settings, make_console

OWN = {"origin": "http://127.0.0.1:8080", "console-request": "1"}


def scope(
    *, method: str = "GET", path: str = "/", peer: str = "127.0.0.1", **headers: str
) -> Scope:
    """Give a request; underscores in the names of headers are hyphens."""
    fields = {"host": "127.0.0.1:8080"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return {
        "type": "http",
        "scheme": "http",
        "method": method,
        "path": path,
        "client": (peer, 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8080"),
        ("127.0.0.1", "localhost:8080"),
        ("127.0.0.1", "LOCALHOST"),
        ("127.0.0.1", "10.0.2.2:8080"),
        ("127.8.8.8", "127.8.8.8:8080"),
        ("::1", "[::1]:8080"),
        ("::ffff:127.0.0.1", "127.0.0.1:8080"),
    ],
)
def test_here(peer: str, host: str) -> None:
    """This machine may ask, by its own names and by the emulator's name for it."""
    assert may_ask(scope(peer=peer, host=host))


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("192.168.1.20", "127.0.0.1:8080"),
        ("10.0.2.2", "10.0.2.2:8080"),
        ("::ffff:192.168.1.20", "localhost:8080"),
        ("fe80::1", "[::1]:8080"),
        ("", "localhost:8080"),
        ("127.0.0.1", "192.168.1.10:8080"),
        ("127.0.0.1", "rebound.example:8080"),
        ("127.0.0.1", "localhost.rebound.example"),
        ("127.0.0.1", "127.0.0.1.rebound.example"),
        ("127.0.0.1", "0.0.0.0:8080"),
        ("127.0.0.1", "localhost/"),
        ("127.0.0.1", ""),
    ],
)
def test_elsewhere(peer: str, host: str) -> None:
    """Nobody in the network may ask, nor a name that DNS may have rebound to this machine."""
    assert not may_ask(scope(peer=peer, host=host))


@pytest.mark.parametrize(
    "name",
    [
        *("forwarded", "x_forwarded_for", "x_forwarded_host", "x_forwarded_anything", "via"),
        *("x_real_ip", "cf_connecting_ip", "cf_ray", "true_client_ip", "fly_client_ip"),
    ],
)
def test_forwarded(name: str) -> None:
    """Whoever comes by a tunnel or router is not who has connected."""
    assert not may_ask(scope(**{name: "for=203.0.113.9"}))


def test_two_hosts() -> None:
    """A request with two Host headers is nobody's."""
    asked = scope()
    asked["headers"].append((b"host", b"localhost"))
    assert not may_ask(asked)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_visit(site: str) -> None:
    """The page itself may be opened from wherever, by a link for instance."""
    assert may_ask(scope(sec_fetch_site=site, sec_fetch_dest="document"))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/", "/console/counters", "/console/v2/apod.nasa.gov/a.jpg"])
def test_other_sites_read(site: str, path: str) -> None:
    """What another site's page loads from here, as a script or picture, is not answered."""
    assert not may_ask(scope(path=path, sec_fetch_site=site, sec_fetch_dest="image"))


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
def test_own_page_writes(method: str) -> None:
    """What mints or changes anything wants our own origin and our own header."""
    path = "/console/headers"
    own = {name.replace("-", "_"): value for name, value in OWN.items()}
    assert may_ask(scope(method=method, path=path, **own))
    assert not may_ask(scope(method=method, path=path))
    assert not may_ask(scope(method=method, path=path, origin=OWN["origin"]))
    assert not may_ask(scope(method=method, path=path, console_request="1"))
    for origin in (
        "http://evil.example",
        "http://127.0.0.1:3000",
        "null",
        "https://127.0.0.1:8080",
    ):
        assert not may_ask(scope(method=method, path=path, **{**own, "origin": origin}))
    assert not may_ask(scope(method=method, path=path, **own, sec_fetch_site="cross-site"))


REQUESTS = (
    ("GET", "/"),
    ("POST", "/console/headers"),
    ("GET", "/console/counters"),
    ("DELETE", "/console/conditions"),
    ("GET", "/console/static/main.js"),
    ("GET", "/console/v2/apod.nasa.gov/a.jpg"),
)


@pytest.mark.parametrize(
    ("peer", "host"), [("192.168.1.20", "127.0.0.1:8080"), ("127.0.0.1", "rebound.example:8080")]
)
async def test_passed_on(clock: SettableClock, peer: str, host: str) -> None:
    """Who may not ask gets the gate's 401 at every path of the console, like anywhere else."""
    console = make_console(development_settings("http://127.0.0.1:9"), clock)
    transport = httpx.ASGITransport(console, client=(peer, 50_000))
    headers = {**OWN, "Host": host, "origin": f"http://{host}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy.test") as client:
        asked = [await client.request(*request, headers=headers) for request in REQUESTS]
    refused = {(one.status_code, one.headers["WWW-Authenticate"]) for one in asked}
    assert refused == {(401, 'Approov realm="astropiks"')}


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_never_in_production(
    clock: SettableClock, token: str, method: str, path: str
) -> None:
    """What `serve` serves has no such path, with a token or without."""
    app = create_app(make_settings(), clock=clock)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        without = await client.request(method, path, headers=OWN)
        genuine = await client.request(method, path, headers={**OWN, "Approov-Token": token})
    assert (without.status_code, genuine.status_code) == (401, 404)
