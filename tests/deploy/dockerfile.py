"""The Dockerfile and `.dockerignore`, read as Docker reads them, as far as ours go."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import ROOT


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction.

    Attributes:
        name: in capitals, such as `RUN`.
        text: what stands behind it, continued lines joined.
    """

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, but for options."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]

    @property
    def options(self) -> dict[str, str]:
        """The options before its other words."""
        pairs = re.match(r"((?:--\S+\s+)*)", self.text)
        assert pairs is not None
        found = (word.removeprefix("--").partition("=") for word in pairs[1].split())
        return {name: value for name, _, value in found}

    @property
    def arguments(self) -> list[str]:
        """The words of a command in exec form: no shell comes between."""
        found: list[str] = json.loads(self.text)
        return found


@dataclass(slots=True)
class Stage:
    """What comes after one `FROM`."""

    base: str
    name: str | None
    steps: list[Step] = field(default_factory=list)

    def last(self, name: str) -> Step:
        """Give the instruction of this *name* that counts."""
        return [step for step in self.steps if step.name == name][-1]


def stages(text: str) -> list[Stage]:
    """Read a Dockerfile."""
    found: list[Stage] = []
    for step in _steps(text):
        if step.name == "FROM":
            base, *rest = step.words
            found.append(Stage(base, rest[1] if rest else None))
        else:
            found[-1].steps.append(step)
    return found


def health_command(step: Step) -> list[str]:
    """Give the command of a `HEALTHCHECK` in exec form."""
    _, _, command = step.text.partition(" CMD ")
    return Step("CMD", command).arguments


def _steps(text: str) -> Iterator[Step]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    for line in joined.splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield Step(name, rest.strip())


def context(patterns: Sequence[str]) -> list[Path]:
    """Give every file of the project that Docker may copy, relative to the project."""
    rules = [(not line.startswith("!"), _pattern(line.lstrip("!"))) for line in patterns]

    def is_left_out(path: Path) -> bool:
        """Let the last pattern count that fits the path, or a folder that it is in."""
        ways = [way.as_posix() for way in (path, *path.parents[:-1])]
        fitting = [out for out, rule in rules if any(rule.fullmatch(way) for way in ways)]
        return bool(fitting) and fitting[-1]

    files = (path.relative_to(ROOT) for path in _files(ROOT))
    return sorted(path for path in files if not is_left_out(path))


def ignore_patterns() -> list[str]:
    """Give the lines of `.dockerignore` that say something."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _files(folder: Path) -> Iterator[Path]:
    """Give every file below a folder; of the environment and the history only one, for brevity."""
    for path in sorted(folder.iterdir()):
        if path in {ROOT / ".venv", ROOT / ".git"}:
            yield path / ("config" if path.name == ".git" else "pyvenv.cfg")
        elif path.is_dir() and not path.is_symlink():
            yield from _files(path)
        else:
            yield path


def _pattern(line: str) -> re.Pattern[str]:
    """Translate a pattern as Go's `filepath.Match` has it, with `**` for any folders."""
    text = re.escape(line.strip("/"))
    for ours, theirs in (
        (r"\*\*/", "(?:.*/)?"),
        (r"\*\*", ".*"),
        (r"\*", "[^/]*"),
        (r"\?", "[^/]"),
    ):
        text = text.replace(ours, theirs)
    return re.compile(text)
