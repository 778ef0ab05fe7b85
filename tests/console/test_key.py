"""Who opens the console: whoever has the address that the terminal shows."""

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from astropiks.console.key import CLOSED, ConsoleKey
from tests.console.served import KEY, astropiks_dev, base_of, bench, visitor
from tests.console.test_callers import REQUESTS
from tests.gateways.servers import program, started
from tests.processes import environment, free_port


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Serve a console."""
    with bench() as served:
        yield base_of(served.url)


def client(base: str, **cookies: str) -> httpx.Client:
    """Ask as a local NGINX or HAProxy with default settings asks: nothing tells of a router."""
    headers = {"Origin": base, "Console-Request": "1"}
    return httpx.Client(base_url=base, headers=headers, cookies=cookies, trust_env=False)


def test_opened(base: str) -> None:
    """The address gives a cookie that no script sees and no other site posts, and hides the key."""
    with client(base) as browser:
        answer = browser.get(KEY.address(base))
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        cookie = SimpleCookie(answer.headers["Set-Cookie"])[KEY.cookie]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
        assert (cookie["domain"], cookie["expires"], cookie["max-age"]) == ("", "", "")
        assert "development console" in browser.get("/").text


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_closed(base: str, method: str, path: str) -> None:
    """Without the key nothing of the console is to be had, also not for this machine."""
    with client(base) as browser:
        answer = browser.request(method, path)
    assert (answer.status_code, answer.text) == (403, CLOSED)


@pytest.mark.parametrize("key", ["", "key", "key-of-the-tesst", "key-of-the-tests.", "\udce9"])
def test_wrong_key(base: str, key: str) -> None:
    """What is nearly the key opens nothing, in the address or as a cookie."""
    wrong = ConsoleKey(key, KEY.cookie)
    with client(base) as browser:
        address = wrong.address(base).encode("utf-8", "surrogateescape").decode("latin-1")
        assert browser.get(address).status_code == 403
        cookie = KEY.cookie.encode() + b"=" + key.encode("utf-8", "surrogateescape")
        assert browser.get("/", headers=[(b"Cookie", cookie)]).status_code == 403


def test_key_in_another_place(base: str) -> None:
    """The address opens the page alone: a key in another one's query is none."""
    with client(base) as browser:
        assert browser.get("/console/counters", params={"key": KEY.text}).status_code == 403


def test_service_is_open(base: str) -> None:
    """All else is as it ever is, for apps that know nothing of the key."""
    with client(base) as app:
        assert app.get("/livez").status_code == 200
        assert app.get("/planetary/apod").status_code == 401


def test_each_its_own(tmp_path: Path) -> None:
    """Each start has another key, named by its port; only the terminal says it, and no log line."""
    with astropiks_dev(tmp_path) as url, visitor(url) as browser:
        key = url.partition("=")[2]
        assert browser.get("/").status_code == 200
        browser.get("/", params={"key": "x"})
        assert {*browser.cookies} == {f"astropiks-console-{browser.base_url.port}"}
    said = (tmp_path / "output").read_text()
    assert said.count(key) == 1
    assert ConsoleKey.make(1).text != ConsoleKey.make(1).text
    assert key not in repr(ConsoleKey(key, ""))


def nginx(folder: Path, port: int, upstream: str) -> list[str]:
    """Write the shortest configuration that passes requests on."""
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n"
        f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; }} }} }}\n"
    )
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def haproxy(folder: Path, port: int, upstream: str) -> list[str]:
    """Write the shortest configuration that passes requests on."""
    (folder / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 9s\n  timeout server 9s\n"
        f"listen here\n  bind 127.0.0.1:{port}\n"
        f"  server one {upstream.removeprefix('http://')}\n"
    )
    return [program("haproxy"), "-f", str(folder / "haproxy.cfg")]


@pytest.mark.parametrize("server", [nginx, haproxy])
def test_server_before_it(
    tmp_path: Path, base: str, server: Callable[[Path, int, str], list[str]]
) -> None:
    """A server on this machine that says nothing of whom it asks for opens nothing to them."""
    port = free_port()
    with started(server(tmp_path, port, base), environment(), tmp_path, port) as host:
        claimed = {"Host": base.removeprefix("http://"), "Origin": base, "Console-Request": "1"}
        wanted = {"who": "genuine", "target": "/planetary/apod"}
        with httpx.Client(base_url=f"http://{host}", headers=claimed, trust_env=False) as stranger:
            page, token = stranger.get("/"), stranger.post("/console/headers", json=wanted)
    assert (page.status_code, page.text) == (token.status_code, token.text) == (403, CLOSED)
