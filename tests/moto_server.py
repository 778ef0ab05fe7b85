"""AWS, as moto's server plays it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import PATH, free_port, running, wait_for


@contextmanager
def amazon(folder: Path) -> Iterator[str]:
    """Serve it, with its output in *folder*, and give its address."""
    port, output = free_port(), folder / "output"
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    env = {"PATH": PATH, "HOME": str(folder)}
    with running(command, env, folder, output) as process:
        wait_for(port, process, output)
        yield f"http://127.0.0.1:{port}"


def variables(url: str) -> dict[str, str]:
    """Give AWS's own variables, pointing to *url*."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
