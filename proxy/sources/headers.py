"""What headers of NASA's answers say, read with suspicion."""

import re
from collections.abc import Mapping

LONGEST_RETRY_AFTER_SECONDS = 3600
"""NASA's own windows are hours; a longer wish is a mistake, or somebody's mischief."""

MAX_AGE = re.compile(r"(s-maxage|max-age)=\"?(\d{1,9})\"?")


def media_type(headers: Mapping[str, str]) -> str:
    """Give the type of a body without its parameters, in lower case (RFC 9110 section 8.3.1)."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Give the seconds of Retry-After, if it is a number of them; no more than is believed."""
    seconds = whole_number(headers.get("Retry-After", ""))
    return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER_SECONDS)


def shared_lifetime(headers: Mapping[str, str]) -> int:
    """Give the seconds for which a shared cache may hold an answer (RFC 9111 section 4.2.1)."""
    directives = [one.strip().lower() for one in headers.get("Cache-Control", "").split(",")]
    names = {directive.partition("=")[0] for directive in directives}
    if names & {"no-store", "no-cache", "private"} or "*" in headers.get("Vary", ""):
        return 0
    matches = [match for match in map(MAX_AGE.fullmatch, directives) if match]
    shared = [int(match[2]) for match in matches if match[1] == "s-maxage"]
    private = [int(match[2]) for match in matches if match[1] == "max-age"]
    granted = min(shared or private, default=0)
    age = whole_number(headers.get("Age") or "0", digits=9)
    return 0 if age is None else max(0, granted - age)


def whole_number(text: str, *, digits: int = 6) -> int | None:
    """Read a number of at most so many *digits*, or nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
