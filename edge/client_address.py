"""The client's address, where routers stand before us: believed only from those that are known.

A router adds the address of whoever connected to it at the end of `X-Forwarded-For`. What stands
before that, the client may have written itself.
"""

import ipaddress
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.setting_types import Forwarders, Networks

MAX_HOPS = 20

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ClientAddress:
    """Puts the client's address into the scope, in place of its router's.

    The one that has connected stays there as ``"peer"``.
    """

    def __init__(self, app: ASGIApp, *, routers: "Routers") -> None:
        self._app = app
        self._routers = routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] == "http" and scope.get("client"):
            scope["peer"] = scope["client"][0]
            address = self._routers.client(scope["peer"], scope["headers"])
            scope["client"] = (address, 0)
        await self._app(scope, receive, send)


class Routers:
    """Who is believed."""

    def __init__(self, forwarders: Forwarders) -> None:
        self._believes_all = forwarders == "*"
        self._networks = () if forwarders == "*" else forwarders

    def include(self, peer: str) -> bool:
        """Tell whether *peer* is a router that is known by its address."""
        return is_in(self._networks, peer)

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the client of a request: the last address that is no router's.

        Args:
            peer: address of whoever has connected to us.
            headers: of the request, names in lower case.
        """
        if not self._believes_all and not self._networks:
            return peer
        told = [value for name, value in headers if name == b"x-forwarded-for"]
        return self._client(peer, b",".join(told).decode("latin-1"))

    def _client(self, peer: str, forwarded_for: str) -> str:
        """Go from the connection outwards, as far as there is somebody to believe."""
        hops = [hop.strip() for hop in forwarded_for.split(",")[-MAX_HOPS:] if hop.strip()]
        if self._believes_all:
            return (_address(hops[-1]) if hops else None) or peer
        client = peer
        while hops and self.include(client):
            told = _address(hops.pop())
            if told is None:
                break
            client = told
        return client


def is_in(networks: Networks, address: str) -> bool:
    """Tell whether an *address* is one of these."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    known: Address = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(known in network for network in networks)


def _address(hop: str) -> str | None:
    """Read one hop: an address, perhaps with a port."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return None if "%" in host else str(ipaddress.ip_address(host))
    except ValueError:
        return None
