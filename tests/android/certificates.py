"""Certificates that a test makes, and a server on loopback that shows one."""

import base64
import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def pin_of(key: EllipticCurvePrivateKey) -> str:
    """Give the hash of a public key as OkHttp wants it."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def certificate_of(key: EllipticCurvePrivateKey) -> str:
    """Sign a certificate for a key with the key itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "your.domain")])
    now = datetime.now(UTC)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(loopback, critical=False)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


class _Picture(BaseHTTPRequestHandler):
    """Answers any question with the same picture, which may be kept."""

    def do_GET(self) -> None:
        """Answer."""
        body = b'{"date":"2021-10-12"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=60")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Quiet(HTTPServer):
    """Takes a client that hangs up while TLS begins for what it is."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def secured(
    key: EllipticCurvePrivateKey, certificate: str, folder: Path, port: int
) -> Iterator[None]:
    """Serve a picture over TLS at 127.0.0.1, with the *certificate* of this *key*."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = folder / "identity.pem"
    file.write_text(pem + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with _Quiet(("127.0.0.1", port), _Picture) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
