"""Which secrets there are: names, versions, sources, policies. Frozen; replaced as a whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from secrets_service.policy import SecretPolicy
from secrets_service.sources import Source

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

DEFAULT_LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a secret.

    Attributes:
        name: what it is called; None if it has no name of its own and is known by its value.
        origin: where its value comes from, as the operator wrote it.
        source: the same, to read. Versions of one origin are the same, also after a reload.
    """

    name: str | None
    origin: str
    source: Source = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSecret:
    """One secret.

    Attributes:
        name: lower-case words and digits with hyphens between.
        current: the version that is delivered.
        next: the version that is delivered from `next_at` on.
        next_at: Unix time in seconds.
        retired: former versions, by name, and until when each is still good.
        lifetime_seconds: after which a client shall ask again.
        policy: who may have it.
    """

    name: str
    current: Version
    next: Version | None = None
    next_at: float = 0
    retired: Mapping[str, float] = field(default_factory=dict)
    lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS
    policy: SecretPolicy = field(default_factory=SecretPolicy)

    def version_at(self, now: float) -> Version:
        """Give the version that is delivered at Unix time *now*."""
        return self.next if self.next and now >= self.next_at else self.current

    def expires_at(self, now: float) -> float:
        """Give the Unix time by which a client shall ask again."""
        is_ahead = self.next is not None and now < self.next_at
        end = now + self.lifetime_seconds
        return min(end, self.next_at) if is_ahead else end

    def also_valid(self, now: float) -> list[str]:
        """Give the other versions that are still good: those of an overlap."""
        names = [name for name, until in self.retired.items() if now < until]
        if self.version_at(now) is not self.current and self.current.name:
            names.append(self.current.name)
        return names


@dataclass(frozen=True, slots=True)
class Catalog:
    """All secrets, by name."""

    secrets: Mapping[str, RuntimeSecret] = field(default_factory=dict)
