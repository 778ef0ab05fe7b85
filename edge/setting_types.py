"""What the values of settings have to look like: each checks or reads one, and quotes none."""

import ipaddress
import re
from urllib.parse import urlsplit

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


def base_url(text: str) -> str:
    """Demand https, or http on loopback; give it without a slash at its end."""
    try:
        url = urlsplit(text)
        is_usable = URL.fullmatch(text) and url.port != 0 and "xn--" not in text
    except ValueError:  # its own text would quote the value
        is_usable = False
    if not is_usable or url.hostname is None:
        raise ValueError("is not scheme, host, perhaps port and path, in plain ASCII")
    if url.scheme != "https" and not _is_loopback(url.hostname):
        raise ValueError("is not https (http is for loopback alone)")
    return text.rstrip("/")


def origin(text: str) -> str:
    """Demand scheme and host alone; give them as clients sign them."""
    url = urlsplit(base_url(text))
    if url.path:
        raise ValueError("has a path")
    default = {"http": ":80", "https": ":443"}[url.scheme]
    return f"{url.scheme}://{url.netloc.lower().removesuffix(default)}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
