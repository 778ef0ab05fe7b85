"""Standard output that holds nobody up, on real pipes and files."""

import asyncio
import errno
import fcntl
import os
import re
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import log_output, logs
from edge.log_output import LogOutput

PIPE_BYTES = 4096
PATIENCE_SECONDS = 10.0
LINES = [f"line {number}\n" for number in range(2000)]


def told(count: int) -> str:
    """Say how many lines are lost."""
    return f"{count} lost\n"


class Pipe:
    """A small pipe, and an output that writes to it."""

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.output = LogOutput(writer, told, is_shared=True)

    def wait(self) -> None:
        """Wait until something can be read."""
        assert select.select([self._reader], [], [], PATIENCE_SECONDS)[0], "nothing more came"

    def read(self, until: str) -> list[str]:
        """Read up to a line, and give all."""
        got = b""
        while not got.endswith(until.encode()):
            self.wait()
            got += os.read(self._reader, 65536)
        return got.decode().splitlines(keepends=True)

    def close(self) -> None:
        """Read no more."""
        os.close(self._reader)


@pytest.fixture
def pipe() -> Pipe:
    """Be one that nobody reads yet."""
    return Pipe()


@pytest.fixture
def full() -> Iterator[LogOutput]:
    """Be an output to a full disk."""
    with Path("/dev/full").open("wb") as file:
        yield LogOutput(file.fileno(), told, is_shared=False)


def test_order(pipe: Pipe) -> None:
    """What does not fit into the pipe keeps nobody waiting, and comes whole and in order."""
    for line in LINES:
        pipe.output.write(line)
    assert pipe.read(LINES[-1]) == LINES


def test_patient_pipe(pipe: Pipe) -> None:
    """So it is where somebody else has said that writing must not wait."""
    os.set_blocking(pipe.output.fileno(), False)
    for line in LINES:
        pipe.output.write(line)
    assert pipe.read(LINES[-1]) == LINES


def test_bound(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond the bound is lost, and it is told how much; all else comes in its order."""
    monkeypatch.setattr(log_output, "MAX_WAITING_BYTES", 2 * PIPE_BYTES)
    for line in LINES:
        pipe.output.write(line)
    pipe.output.write("the end\n")
    kept: list[str] = []
    lost = 0
    while len(kept) + lost < len(LINES) + 1:
        for line in pipe.read("\n"):
            number = re.fullmatch(r"(\d+) lost\n", line)
            lost += int(number[1]) if number else 0
            kept += [] if number else [line]
    assert lost > 0
    assert len(kept) > 100
    assert kept == [line for line in [*LINES, "the end\n"] if line in {*kept}]


def test_place(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost is told of in its place: before the next line for which there was room."""
    whole, later = "".join(LINES), "later\n"
    monkeypatch.setattr(log_output, "MAX_WAITING_BYTES", len(whole) + len(later))
    pipe.output.write(whole)
    pipe.wait()  # it is on its way
    pipe.output.write("too long\n")
    pipe.output.write("too much\n")
    pipe.output.write(later)
    assert pipe.read(later) == [*LINES, told(2), later]


def test_disk_full_for_a_while(full: LogOutput, tmp_path: Path) -> None:
    """Lines that a full disk did not take are counted, until it takes some again."""
    for line in LINES[:3]:
        full.write(line)
        full.wait()
    path = tmp_path / "log"
    with path.open("wb") as file:
        os.dup2(file.fileno(), full.fileno())
    full.write(LINES[3])
    full.wait()
    assert path.read_text() == told(3) + LINES[3]


async def test_surely(pipe: Pipe) -> None:
    """Whoever has to know that a line is written waits for it."""
    pipe.output.write("before\n")
    await pipe.output.write_surely("sure\n", 5)
    assert pipe.read("sure\n") == ["before\n", "sure\n"]


async def test_not_surely_on_a_full_disk(full: LogOutput) -> None:
    """It is told where it is not."""
    with pytest.raises(OSError, match="No space left"):
        await full.write_surely("sure\n", 5)


async def test_not_surely_to_nobody(pipe: Pipe) -> None:
    """The same is true where nobody will ever read."""
    pipe.close()
    with pytest.raises(BrokenPipeError):
        await pipe.output.write_surely("sure\n", 5)


async def test_not_surely_in_time(pipe: Pipe) -> None:
    """A line that was waited for in vain is not written later, as if it had been."""
    for line in LINES:
        pipe.output.write(line)
    with pytest.raises(TimeoutError):
        await pipe.output.write_surely("sure\n", 0.05)
    pipe.output.write("the end\n")
    assert pipe.read("the end\n") == [*LINES, "the end\n"]


async def test_not_surely_beyond_the_bound(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it waited for where there is no room to wait."""
    monkeypatch.setattr(log_output, "MAX_WAITING_BYTES", 3)
    with pytest.raises(BlockingIOError):
        await pipe.output.write_surely("sure\n", 5)


def test_end(full: LogOutput, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a process waits for what is not written, but not for ever."""
    full.write("x\n")
    full.wait()
    monkeypatch.setattr(log_output, "END_SECONDS", 0.05)
    for line in LINES:
        pipe.output.write(line)
    pipe.output.wait()
    assert pipe.read(LINES[-1]) == LINES


async def test_last_lines(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is about to end can wait until its last line is out."""
    monkeypatch.setattr(sys, "stdout", pipe.output)
    for line in LINES:
        pipe.output.write(line)
    waiting = asyncio.create_task(logs.written())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    pipe.output.write("the last\n")
    assert await asyncio.to_thread(pipe.read, "the last\n") == [*LINES, "the last\n"]
    await waiting


MOST = select.PIPE_BUF


@pytest.mark.parametrize("size", [1, 100, MOST - 1, MOST, 3 * MOST])
def test_pieces(size: int) -> None:
    """What is written at once are whole lines, few enough that no other process's come between."""
    text = b"".join(b"%d" % (number % 10) * size + b"\n" for number in range(20))
    pieces = [*log_output._pieces(text)]  # noqa: SLF001
    assert b"".join(pieces) == text
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(one) <= MOST or one.count(b"\n") == 1 for one in pieces)


@pytest.mark.parametrize("is_shared", [False, True])
def test_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_shared: bool) -> None:
    """Only where others write, too, is it more than one write for all that waits."""
    write, sizes = os.write, list[int]()

    def noted(descriptor: int, data: memoryview) -> int:
        sizes.append(len(data))
        return write(descriptor, data)

    whole = "".join(LINES)
    with (tmp_path / "log").open("wb") as file:
        output = LogOutput(file.fileno(), told, is_shared=is_shared)
        monkeypatch.setattr(os, "write", noted)
        output.write(whole)
        output.wait()
    assert (tmp_path / "log").read_text() == whole
    assert max(sizes) <= MOST if is_shared else sizes == [len(whole)]


def test_torn(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a disk has taken half a line, the next one begins anew, and the half one is lost."""
    write, fails = os.write, [False, True]

    def half(descriptor: int, data: memoryview) -> int:
        if descriptor != pipe.output.fileno() or not fails:
            return write(descriptor, data)
        if fails.pop(0):
            raise OSError(errno.ENOSPC, "no room")
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    pipe.output.write("one\ntwo\nsix\nten\n")
    pipe.output.wait()
    pipe.output.write("later\n")
    assert pipe.read("later\n") == ["one\n", "two\n", told(2), "later\n"]
