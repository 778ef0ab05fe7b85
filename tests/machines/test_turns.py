"""One client asks for very much at once."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.machines.conftest import Machine, Platform

REQUESTS = 60_000

CLIENT = """
import socket, sys, threading
path, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
head = f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\n".encode()
asked = (head + b"\\r\\n") * count + head + b"Connection: close\\r\\n\\r\\n"
with socket.create_connection(("127.0.0.1", port)) as connection:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
    threading.Thread(target=connection.sendall, args=(asked,), daemon=True).start()
    got = b"".join(iter(lambda: connection.recv(1 << 20), b""))
print(got.count(b"HTTP/1.1 "))
"""
"""In a process of its own and with room for answers, so that it never makes the service wait."""


@pytest.mark.parametrize("path", ["/", "/livez"], ids=["refused at once", "the long way"])
def test_turns(platform: Platform, figure: Callable[[str], None], path: str) -> None:
    """Who has very much to ask is answered, keeps nobody waiting for long, and fills no memory."""
    machine = platform.start(RATE_LIMIT_DEVICE="off", RATE_LIMIT_REJECTED="off")
    port = machine.url.rpartition(":")[2]
    command = [sys.executable, "-c", CLIENT, path, port, str(REQUESTS)]
    before = peak_megabytes(machine)
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    waits = []
    with httpx.Client(base_url=machine.url, trust_env=False, timeout=30) as other:
        while client.poll() is None:
            began = time.monotonic()
            assert other.get("/readyz").status_code == 200
            waits.append(time.monotonic() - began)
            time.sleep(0.005)
    answered, _ = client.communicate()
    figure(
        f"{REQUESTS:,} requests of one client for {path}: others wait {max(waits):.2f} s at most"
    )
    assert int(answered) == REQUESTS + 1
    assert max(waits) < 0.3
    assert peak_megabytes(machine) - before < 40


def peak_megabytes(machine: Machine) -> float:
    """Give how much memory a machine has had at most so far."""
    status = Path(f"/proc/{machine.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000
