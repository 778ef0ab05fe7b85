import pytest

from astropiks import base_urls
from astropiks.hosts import is_public
from astropiks.pictures_by_host import links_by_host
from tests.conftest import make_settings

HERE, EMULATOR, LAN = "on this machine", "Android emulator", "in the local network"
ALONE = "wherever HOST is"


@pytest.mark.parametrize(
    ("host", "port", "urls", "is_near"),
    [
        ("0.0.0.0", 8080, {HERE: "127.0.0.1:8080", EMULATOR: "10.0.2.2:8080", LAN: "lan:8080"}, 1),  # noqa: S104
        ("::", 8080, {HERE: "[::1]:8080", LAN: "lan:8080"}, 1),
        ("127.0.0.1", 8080, {HERE: "127.0.0.1:8080", EMULATOR: "10.0.2.2:8080"}, 1),
        ("localhost", 8080, {HERE: "127.0.0.1:8080", EMULATOR: "10.0.2.2:8080"}, 1),
        ("127.0.0.2", 8080, {HERE: "127.0.0.2:8080"}, 1),
        ("::1", 8080, {HERE: "[::1]:8080"}, 1),
        ("192.168.1.5", 8080, {ALONE: "192.168.1.5:8080"}, 0),
        ("fd00::5", 8080, {ALONE: "[fd00::5]:8080"}, 0),
        ("Laptop.local", 8080, {ALONE: "laptop.local:8080"}, 0),
        ("127.0.0.1", 80, {HERE: "127.0.0.1", EMULATOR: "10.0.2.2"}, 1),
        ("::1", 80, {HERE: "[::1]"}, 1),
    ],
)
def test_base_urls(
    monkeypatch: pytest.MonkeyPatch, host: str, port: int, urls: dict[str, str], is_near: int
) -> None:
    """Base URLs are where the service listens, as clients write them; pictures know them all."""
    monkeypatch.setattr(base_urls, "_lan_address", lambda _: "lan")
    settings = make_settings(host=host, port=port)
    assert base_urls.base_urls(settings) == {
        where: f"http://{authority}" for where, authority in urls.items()
    }
    assert base_urls.is_near(settings) == bool(is_near)
    own_name = {"localhost" if port == 80 else f"localhost:{port}"} if is_near else set()
    assert links_by_host(settings).keys() == {*urls.values(), *own_name}


@pytest.mark.parametrize("elsewhere", base_urls.ELSEWHERE.values())
def test_elsewhere(elsewhere: str) -> None:
    """The way into the network is looked for by an address that is nobody's."""
    assert not is_public(elsewhere)
