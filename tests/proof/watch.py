"""What a process uses over time: its memory, and its open files."""

import asyncio
import statistics
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import resident_megabytes

SAMPLE_SECONDS = 0.5

BLOCKS = 20
"""Into which samples are put together, so that they are as good as independent."""


def descriptors(process: int) -> int:
    """Give how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def with_children(process: int) -> Iterator[int]:
    """Give a process and those that it has started."""
    yield process
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from with_children(int(child))


@dataclass(frozen=True, slots=True)
class Slope:
    """A linear fit; in bytes a request.

    Attributes:
        bytes: by which memory grows at each request.
        margin: two standard errors of it.
    """

    bytes: float
    margin: float


@dataclass(slots=True)
class Watch:
    """Samples of some processes.

    Attributes:
        processes: by their numbers.
        served: tells how many requests have been answered so far.
        samples: of requests, and megabytes of all processes together then.
        most_descriptors: of one process.
    """

    processes: list[int]
    served: Callable[[], int]
    samples: list[tuple[int, float]] = field(default_factory=list)
    most_descriptors: int = 0

    async def run(self) -> None:
        """Take samples until cancelled."""
        while True:
            self.samples.append((self.served(), sum(map(resident_megabytes, self.processes))))
            self.most_descriptors = max(
                self.most_descriptors, *(descriptors(one) for one in self.processes)
            )
            await asyncio.sleep(SAMPLE_SECONDS)

    def slope(self) -> Slope:
        """Fit a line to the second half, by when bounded memories have filled."""
        half = self.samples[len(self.samples) // 2 :]
        size = max(1, len(half) // BLOCKS)
        blocks = [half[n : n + size] for n in range(0, len(half) - size + 1, size)]
        xs = [statistics.fmean(x for x, _ in block) for block in blocks]
        ys = [statistics.fmean(y for _, y in block) * 1e6 for block in blocks]
        fit = statistics.linear_regression(xs, ys)
        rest = [y - fit.slope * x - fit.intercept for x, y in zip(xs, ys, strict=True)]
        spread = sum((x - statistics.fmean(xs)) ** 2 for x in xs)
        variance = sum(one**2 for one in rest) / max(1, len(xs) - 2)
        return Slope(fit.slope, 2 * (variance / spread) ** 0.5)


async def falls_to(process: int, most: int, seconds: float) -> int:
    """Wait until a process has no more than so many descriptors; give how many it has then."""
    for _ in range(int(seconds * 10)):
        if descriptors(process) <= most:
            break
        await asyncio.sleep(0.1)
    return descriptors(process)
