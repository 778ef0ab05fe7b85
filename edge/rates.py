"""How often something may happen, as it is written in settings."""

import re

RATE = re.compile(r"[1-9]\d{0,5}/(?:[1-9]\d{0,3} ?)?(?:second|minute|hour|day)s?")


def checked(text: str) -> str:
    """Demand one rate such as ``10/hour``.

    Raises:
        ValueError: it is none.
    """
    if not RATE.fullmatch(text):
        raise ValueError("wants a rate such as 10/hour")
    return text


def checked_or_off(text: str) -> str:
    """Demand one rate, or ``off``."""
    return text if text == "off" else checked(text)
