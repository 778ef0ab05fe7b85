"""What a check finds: a sentence for a person, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. It holds no value of a secret, nor an address with one.

    Attributes:
        level: how bad it is.
        subject: a variable, or a part of the service.
        sentence: what was found.
        advice: what to do, if anything is to be done.
    """

    level: Level
    subject: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Findings about one subject."""

    title: str
    findings: tuple[Finding, ...]


def ok(subject: str, sentence: str) -> Finding:
    """Find that all is well."""
    return Finding(Level.OK, subject, sentence)


def warning(subject: str, sentence: str, advice: str) -> Finding:
    """Find something that works and may not be what is wanted."""
    return Finding(Level.WARNING, subject, sentence, advice)


def failed(subject: str, sentence: str, advice: str = "") -> Finding:
    """Find something that does not work."""
    return Finding(Level.FAILED, subject, sentence, advice)


def count_of(number: int, thing: str) -> str:
    """Say how many: `1 key`, `2 keys`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
