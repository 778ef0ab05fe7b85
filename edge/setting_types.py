"""What the values of settings have to look like: each checks or reads one, and quotes none."""

import ipaddress
import re
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from attestation.keys import InvalidKeyError, decode_secrets

URL = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    r"(/[A-Za-z0-9._~/-]*)?"
)
"""Much less than RFC 3986 allows: no user, query, fragment, escape or international name."""


def secrets(text: object) -> object:
    """Read comma-separated base64 secrets, newest first."""
    if not isinstance(text, str):
        return text
    try:
        return decode_secrets(text)
    except InvalidKeyError as error:
        raise ValueError(f"has a secret that {error}") from None


def sources(text: object) -> object:
    """Read the names of sources, best first."""
    if not isinstance(text, str):
        return text
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) != len(names) or not set(names) <= {"legacy", "science"}:
        raise ValueError("is not made of `legacy` and `science`, each once at most")
    return names


OWN_SEGMENTS = frozenset(
    {"v2", "secrets", "attest", "livez", "readyz", "metrics", "openapi.json", "docs"}
)
"""First segments of the paths that are answered here, or will be."""


APOD = "/planetary/apod/"


def path_prefixes(text: object) -> object:
    """Read comma-separated path prefixes, each with a slash at both ends."""
    if not isinstance(text, str):
        return text
    prefixes = tuple(prefix.strip() for prefix in text.split(","))
    for prefix in prefixes:
        if not re.fullmatch(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/", prefix):
            raise ValueError("has a prefix that is not a plain path with a slash at both ends")
        is_apod = prefix.startswith(APOD) or APOD.startswith(prefix)
        if prefix.split("/")[1] in OWN_SEGMENTS or is_apod:
            raise ValueError("has a prefix that this service answers itself")
    if len(set(prefixes)) != len(prefixes):
        raise ValueError("has a prefix twice")
    return prefixes


def hosts(text: object) -> object:
    """Read comma-separated names of hosts."""
    if not isinstance(text, str):
        return text
    names = tuple(name.strip().lower() for name in text.split(","))
    label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if not all(re.fullmatch(rf"{label}(?:\.{label})*\.[a-z]{{2,63}}", name) for name in names):
        raise ValueError("has something that is no name of a host, such as images.example.com")
    if len(set(names)) != len(names) or "api.nasa.gov" in names:
        raise ValueError("names a host twice, or api.nasa.gov, which has no pictures")
    return names


def header_names(text: object) -> object:
    """Read comma-separated header names, in lower case."""
    if not isinstance(text, str):
        return text
    names = tuple(header_name(name.strip()).lower() for name in text.split(",")) if text else ()
    if len(set(names)) != len(names):
        raise ValueError("names a header twice")
    return names


def header_name(name: str) -> str:
    """Demand a header name (RFC 9110 section 5.1) that has no meaning of its own here."""
    if name.lower() in {"host", "signature", "signature-input", "content-digest"}:
        raise ValueError("is a header with a meaning of its own")
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ValueError("is not an HTTP header name")
    return name


def word(text: str) -> str:
    """Demand one word of visible ASCII, or nothing."""
    if not re.fullmatch(r"[!-~]*", text.strip(" ")):
        raise ValueError("is more than one word of ASCII")
    return text.strip(" ")


def refusal(status: int) -> int:
    """Demand a status that refuses."""
    if status not in {400, 401, 403}:
        raise ValueError("is no status that refuses")
    return status


def visible_ascii(secret: SecretStr) -> SecretStr:
    """Demand visible ASCII without blanks, as a header can carry it."""
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("has blanks or characters outside ASCII")
    return secret


def long_text(secret: SecretStr) -> SecretStr:
    """Demand a text that nobody guesses."""
    if len(secret.get_secret_value()) < 32:
        raise ValueError("has fewer than 32 characters")
    return secret


REDIS_URL = re.compile(
    r"rediss?://(?:[^@/?#\[\]]*@)?(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?P<database>/[^@/?#\[\]]*)?"
)
"""No query: what it could set is decided here."""


def redis_url(secret: SecretStr) -> SecretStr:
    """Demand an address of Redis that its library can read."""
    text = visible_ascii(secret).get_secret_value()
    found = REDIS_URL.fullmatch(text)
    try:
        is_usable = urlsplit(text).port != 0
    except ValueError:  # its own text would quote the value
        is_usable = False
    if found is None or not is_usable:
        raise ValueError(
            "is no redis:// or rediss:// address with no more than user, password, host, port and "
            "database (in a password, / ? # @ [ ] are %2F %3F %23 %40 %5B %5D)"
        )
    if not re.fullmatch(r"/?[0-9]{0,3}", found["database"] or ""):
        raise ValueError("has a database that is no number from 0 to 999, such as /1 at its end")
    return secret


Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

Forwarders = Literal["*"] | Networks
"""Whose word on the client's address counts: everybody's, or that of these networks."""


def forwarders(text: object) -> object:
    """Read comma-separated addresses and networks, or a star."""
    return text if text == "*" else networks(text)


def networks(text: object) -> object:
    """Read comma-separated addresses and networks."""
    if not isinstance(text, str):
        return text
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(","))
    except ValueError:
        raise ValueError(
            "has something that is no address or network, such as 10.0.0.0/8"
        ) from None


def base_url(text: str) -> str:
    """Demand https, or http on loopback; give it without a slash at its end."""
    url = _url(text)
    if url.scheme != "https" and not _is_loopback(url.hostname or ""):
        raise ValueError("is http: begin it with https:// (http is for loopback alone)")
    return text.rstrip("/")


def any_url(text: str) -> str:
    """Demand http or https; give it without a slash at its end."""
    return _url(text).geturl().rstrip("/")


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        is_usable = URL.fullmatch(text) and url.port != 0 and "xn--" not in text
    except ValueError:  # its own text would quote the value
        is_usable = False
    if not is_usable or url.hostname is None:
        raise ValueError(
            "is no address: write scheme, name and perhaps a port, in plain ASCII, without user, "
            "query or blanks"
        )
    return url


def origin(text: str) -> str:
    """Demand scheme and host alone, of the same kinds; give them as clients sign them."""
    return any_origin(base_url(text))


def any_origin(text: str) -> str:
    """Demand scheme and host alone: also http, as an emulator or a phone nearby uses it."""
    url = urlsplit(_url(text).geturl().rstrip("/"))
    if url.path:
        raise ValueError("has a path: leave out what comes after the host")
    default = {"http": ":80", "https": ":443"}[url.scheme]
    return f"{url.scheme}://{url.netloc.lower().removesuffix(default)}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
