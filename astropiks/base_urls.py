"""Where an app finds a service in development, by the address that it listens on."""

import socket

from astropiks.hosts import EMULATOR, address_of, is_loopback
from edge.settings import Settings

ELSEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses of no one, to which the way leads out of this machine, by version of IP."""


def base_urls(settings: Settings) -> dict[str, str]:
    """Give the base URLs for an app, this machine's first, by where it runs."""
    host = _asked_from_here(settings)
    hosts = {"on this machine" if is_loopback(host) else "wherever HOST is": host}
    if host == "127.0.0.1":
        hosts["Android emulator"] = EMULATOR
    address = address_of(settings.host)
    if address and address.is_unspecified:
        hosts["in the local network"] = _lan_address(ELSEWHERE[address.version])
    return {where: _url(name, settings.port) for where, name in hosts.items() if name}


def all_base_urls(settings: Settings) -> set[str]:
    """Give them, and the one by this machine's name for itself."""
    more = {_url("localhost", settings.port)} if is_near(settings) else set()
    return {*base_urls(settings).values(), *more}


def is_near(settings: Settings) -> bool:
    """Tell whether this machine gets there by its loopback, as the console wants it."""
    return is_loopback(_asked_from_here(settings))


def _asked_from_here(settings: Settings) -> str:
    """Give the host by which this machine gets there."""
    address = address_of(settings.host)
    if address and address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"  # an IPv6 socket takes no IPv4
    if address is None:
        return "127.0.0.1" if is_loopback(settings.host) else settings.host.lower()
    return str(address)


def _url(host: str, port: int) -> str:
    """Write a base URL as clients do, who leave out the port of HTTP, also in `Host`."""
    return f"http://{f'[{host}]' if ':' in host else host}{'' if port == 80 else f':{port}'}"


def _lan_address(elsewhere: str) -> str:
    """Give this machine's address in its network, or nothing. Nothing is sent."""
    family = socket.AF_INET6 if ":" in elsewhere else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address: str = probe.getsockname()[0]
    except OSError:
        return ""
    return "" if is_loopback(address) else address
