"""What headers of NASA's answers say, read with suspicion."""

from collections.abc import Mapping


def media_type(headers: Mapping[str, str]) -> str:
    """Give the type of a body without its parameters, in lower case (RFC 9110 section 8.3.1)."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Give the seconds of Retry-After, if it is a sane number of them."""
    return whole_number(headers.get("Retry-After", ""))


def whole_number(text: str, *, digits: int = 6) -> int | None:
    """Read a number of at most so many *digits*, or nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
