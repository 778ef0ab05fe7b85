"""RFC 9421's own examples, and a signer that somebody else wrote."""

import base64
import datetime as dt
from dataclasses import dataclass
from typing import Any

import http_message_signatures as other
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from astropiks.mint import mint
from attestation import fields, signature_base
from attestation.request import HttpRequest
from attestation.request_errors import MessageSignatureError
from attestation.signature_checks import account_check, install_check
from attestation.signing import SigningPolicy
from attestation.verifier import Policy, RequestVerifier
from standin.calendar import SettableClock
from tests.attestation.settled import settled
from tests.conftest import SECRET, keys

SHARED_SECRET = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)

ECC_P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
    "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
}

SIGNATURE_INPUT = (
    b'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
)

REQUEST = HttpRequest(
    method="POST",
    origin="https://example.com",
    path="/foo",
    query="param=Value&Pet=dog",
    headers=(
        (b"host", b"example.com"),
        (b"date", b"Tue, 20 Apr 2021 02:07:55 GMT"),
        (b"content-type", b"application/json"),
        (b"content-length", b"18"),
        (b"signature-input", SIGNATURE_INPUT),
        (b"signature", b"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
    ),
)
"""The request of appendix B.2, signed as in B.2.5."""


def test_b_2_5() -> None:
    """Appendix B.2.5: HMAC with SHA-256 over date, authority and content type."""
    given = fields.signature_inputs(REQUEST)["sig-b25"]
    base = signature_base.build(REQUEST, given)[0]
    assert base.decode() == (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
        '"@authority": example.com\n'
        '"content-type": application/json\n'
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;'
        'keyid="test-shared-secret"'
    )
    signature = fields.byte_sequences(REQUEST, "signature")["sig-b25"]
    assert account_check(SHARED_SECRET)(signature, base)
    assert not account_check(SHARED_SECRET)(signature, base + b" ")


def test_b_2_4() -> None:
    """Appendix B.2.4: ECDSA on P-256 with SHA-256; its base is that of a response."""
    base = (
        b'"@status": 200\n'
        b'"content-type": application/json\n'
        b'"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69'
        b"wWdXymyU0rjJuahq4l5aGgfLQ==:\n"
        b'"content-length": 23\n'
        b'"@signature-params": ("@status" "content-type" "content-digest" "content-length");'
        b'created=1618884473;keyid="test-key-ecc-p256"'
    )
    signature = base64.b64decode(
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="
    )
    key = jwt.PyJWK(ECC_P256, "ES256").key
    check = install_check(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert check(signature, base)
    assert not check(signature, base + b" ")


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("https://Example.COM", "example.com"),
        ("https://example.com:443", "example.com"),
        ("http://example.com:80", "example.com"),
        ("https://example.com:80", "example.com:80"),
        ("http://10.0.2.2:8080", "10.0.2.2:8080"),
    ],
)
def test_authority(origin: str, authority: str) -> None:
    """Section 2.2.3: the authority is in lower case and without the scheme's own port."""
    request = HttpRequest(method="GET", origin=origin, path="/", query=None, headers=())
    assert request.authority == authority


@dataclass
class Message:
    """A request as the other library wants it."""

    method: str
    url: str
    headers: dict[str, str]


class Keys(other.HTTPSignatureKeyResolver):
    """One key, whatever its id."""

    def __init__(self, key: Any) -> None:  # noqa: ANN401
        self._key = key

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ANN401, ARG002
        """Give it."""
        return self._key


URL = "https://proxy.test/planetary/apod?date=2021-10-12"
COVERED = ("@method", "@target-uri", "approov-token")


def received(message: Message) -> HttpRequest:
    """Receive what the other library signed."""
    headers = tuple((k.lower().encode(), v.encode()) for k, v in message.headers.items())
    return HttpRequest(
        method=message.method,
        origin="https://proxy.test",
        path="/planetary/apod",
        query="date=2021-10-12",
        headers=headers,
    )


@pytest.mark.parametrize("label", ["install", "account"])
@pytest.mark.parametrize("body", [b"", b"body"])
def test_independent_signer(clock: SettableClock, label: str, body: bytes) -> None:
    """What the library http-message-signatures signs is accepted, and refused once changed."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    install = label == "install"
    algorithm = algorithms[label]
    token = mint(SECRET, now=clock.now, install_key=der if install else None)
    message = Message("POST", URL, {"Approov-Token": token, "Content-Type": "text/plain"})
    signer = other.HTTPMessageSigner(
        signature_algorithm=algorithm, key_resolver=Keys(private if install else SHARED_SECRET)
    )
    signer.sign(
        message,
        key_id="any",
        label=label,
        created=dt.datetime.fromtimestamp(clock.now, dt.UTC),
        covered_component_ids=(*COVERED, "content-type"),
        body=body or None,
    )
    policy = Policy(signing=SigningPolicy(mode="required", account_key=SHARED_SECRET))
    verifier = RequestVerifier(keys(), policy, clock=clock)
    request = received(message)
    settled(verifier.verify_signature(verifier.verify_head(request), request, body))
    message.headers["Content-Type"] = "text/html"
    changed = received(message)
    verifier = RequestVerifier(keys(), policy, clock=clock)
    with pytest.raises(MessageSignatureError, match="does not fit"):
        settled(verifier.verify_signature(verifier.verify_head(changed), changed, body))


algorithms = {
    "install": other.algorithms.ECDSA_P256_SHA256,
    "account": other.algorithms.HMAC_SHA256,
}
