"""Who NASA is: whoever has a certificate for its name, and nobody else."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from proxy.errors import SourceUnreachableError
from proxy.sources.client import open_client
from proxy.sources.exchange import Upstream
from proxy.sources.key import NasaKey
from proxy.sources.legacy import LegacySource
from proxy.sources.quota import Quota
from standin import archive
from tests.edge.test_redis_link import self_signed

DAY = date(2021, 10, 12)


class Impostor(BaseHTTPRequestHandler):
    """Answers as NASA does, and notes who has asked."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        body = json.dumps(archive.record(DAY)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[tuple[str, type[Impostor]]]:
    """Be a server with a certificate of its own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    handler = type("Handler", (Impostor,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}", handler
        server.shutdown()


async def test_impostor(impostor: tuple[str, type[Impostor]]) -> None:
    """A server that nobody vouches for gets no request, and so no key; nor is it believed."""
    url, handler = impostor
    async with open_client() as client:
        upstream = Upstream("legacy", client, Quota("legacy", time.time))
        key = NasaKey(SecretStr("the-key"), "header")
        source = LegacySource(upstream, base_url=url, key=key)
        with pytest.raises(SourceUnreachableError):
            await source.fetch(DAY, newest=DAY, seconds=5)
    assert handler.asked == []
