"""Real processes, as a person or a platform would start them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

ASTROPIKS = (sys.executable, "-m", "astropiks")

END_SECONDS = 30


def free_port() -> int:
    """Give a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**variables: str) -> dict[str, str]:
    """Give an environment of nothing but a PATH, our packages and *variables*."""
    return {"PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}


def run(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run *command* to its end."""
    return subprocess.run(
        command,
        env=env,
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
    )


@contextmanager
def running(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, output: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run *command* in a process group of its own, its output in a file, and interrupt it after."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, env=env, cwd=cwd, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(END_SECONDS)


def wait_for(
    port: int, process: "subprocess.Popen[bytes]", output: Path, host: str = "127.0.0.1"
) -> None:
    """Wait until *process* answers HTTP on *port*; fail with its output if it ends."""
    for _ in range(END_SECONDS * 50):
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.ConnectError):
            httpx.get(f"http://{host}:{port}/livez", timeout=END_SECONDS, trust_env=False)
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    raise AssertionError(f"the process did not start:\n{output.read_text()}")


def as_checkout(folder: Path) -> None:
    """Let a folder pass for a checkout of the service, as far as its commands can tell."""
    (folder / "pyproject.toml").write_text('name = "astropiks-proxy"')
