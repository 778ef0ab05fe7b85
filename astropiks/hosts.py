"""What kind of host a name or an address is: this machine alone, or one of the internet."""

import ipaddress

EMULATOR = "10.0.2.2"
"""Under which the Android emulator reaches its machine's loopback."""

PRIVATE_NAMES = (".internal", ".local", ".localdomain", ".lan", ".svc")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(host: str) -> Address | None:
    """Give the address that *host* is, an IPv4 one where IPv6 wraps it; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine itself gets to *host*."""
    address = address_of(host)
    return address.is_loopback if address else host.lower() == "localhost"


def is_public(host: str) -> bool:
    """Tell an address or a name of the internet from one of a private network."""
    address = address_of(host)
    if address:
        return address.is_global
    return "." in host and not host.endswith(PRIVATE_NAMES)
