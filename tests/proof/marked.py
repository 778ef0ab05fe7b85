"""A service whose every secret is a mark, and an app that sends more of them."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from astropiks.mint import Invalid, mint
from astropiks.signer import InstallKey, sign_request
from secrets_service.sealing import public_text
from tests.proof.canary import Canary

KEY = "nasa/key+canary=4f1c"
SECRET = b"attestation-secret/canary+\xff\xfe".ljust(64, b"~")
OLD_SECRET = b"older-attestation-secret/canary+\xfd".ljust(64, b"?")
ACCOUNT_KEY = b"account-signing-key/canary+\xfc".ljust(32, b">")
METRICS_TOKEN = "metrics-token/canary+31d0"
AUDIT_KEY = "audit-hash-key/canary+72c4".ljust(32, "?")
REDIS_PASSWORD = "redis/password+canary@77aa"
COLLECTOR_TOKEN = "collector-token/canary+5e5e"
IN_VARIABLE = 'secret-in-a-variable/canary+"9b2e"ü'
IN_FILE = "secret-in-a-file/canary+c0de"
IN_AWS = "secret-in-aws/canary+a375"

USER = "Bearer users-token/canary+6b3e"
CLIENT_KEY = "client-key-canary-58aa"
COOKIE = "session=cookie/canary+90ef"

ORIGIN = "https://proxy.test"

HELD = {
    "NASA's key": KEY.encode(),
    "attestation secret": SECRET,
    "older attestation secret": OLD_SECRET,
    "account's signing key": ACCOUNT_KEY,
    "token of /metrics": METRICS_TOKEN.encode(),
    "key of the audit trail": AUDIT_KEY.encode(),
    "password of Redis": REDIS_PASSWORD.encode(),
    "token of the collector": COLLECTOR_TOKEN.encode(),
    "secret in a variable": IN_VARIABLE.encode(),
    "secret in a file": IN_FILE.encode(),
    "secret in AWS": IN_AWS.encode(),
}
"""What the service holds."""

SENT = {
    "user's token": USER.encode(),
    "client's api_key": CLIENT_KEY.encode(),
    "cookie": COOKIE.encode(),
}
"""What every request of `App` carries besides."""


def redis_url(url: str) -> str:
    """Put the password into the *url* of a Redis."""
    return url.replace("://", f"://:{quote(REDIS_PASSWORD, safe='')}@")


def variables(nasa_url: str, folder: Path) -> dict[str, str]:
    """Give an environment with every mark but those of Redis, AWS and the collector.

    Args:
        nasa_url: of the stand-in.
        folder: for the files that hold secrets.
    """
    (folder / "value").write_text(IN_FILE)
    (folder / "secrets.toml").write_text(
        f'[secrets.in-file]\nsource = "file:{folder}/value"\n'
        f'[secrets.sealed]\nsource = "file:{folder}/value"\n'
        'policy = { sealed = true, rate = "1000/hour" }\n'
    )
    return {
        "LOG_LEVEL": "debug",
        "NASA_API_KEY": KEY,
        "NASA_API_BASE_URL": nasa_url,
        "NASA_SCIENCE_BASE_URL": nasa_url,
        "NASA_IMAGE_BASE_URL": nasa_url,
        "NASA_PASSTHROUGH": "/neo/,/DONKI/",
        "IMAGE_PROXY": "on",
        "APOD_WARM_DAYS": "3",
        "PUBLIC_BASE_URL": ORIGIN,
        "RATE_LIMIT_DEVICE": "100000/minute",
        "RATE_LIMIT_REJECTED": "100000/minute",
        "APPROOV_BASE64_SECRET": ",".join(
            base64.b64encode(secret).decode() for secret in (SECRET, OLD_SECRET)
        ),
        "APPROOV_ACCOUNT_SIGNING_KEY": base64.b64encode(ACCOUNT_KEY).decode(),
        "APPROOV_BINDING_HEADERS": "Authorization",
        "METRICS_TOKEN": METRICS_TOKEN,
        "AUDIT_HASH_KEY": AUDIT_KEY,
        "RUNTIME_SECRET_IN_VARIABLE": IN_VARIABLE,
        "RUNTIME_SECRETS_FILE": str(folder / "secrets.toml"),
        "ATTEST_CALLERS": "127.0.0.1",
    }


class App:
    """An app: each token, signature and recipient that it sends is a mark from then on.

    Attributes:
        marks: by name; those of the service's configuration, too.
        pem: the private key that opens what is sealed for it.
    """

    def __init__(self, *, signs: bool = False) -> None:
        """Be one; *signs* tells whether it signs its requests."""
        key = generate_private_key(SECP256R1())
        self.pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.recipient = public_text(key.public_key())
        self.marks = {**HELD, **SENT, "recipient": self.recipient.encode()}
        self._install = InstallKey() if signs else None

    def headers(
        self, target: str, *, is_sealed: bool = False, invalid: Invalid | None = None
    ) -> dict[str, str]:
        """Give the headers of ``GET`` *target*.

        Args:
            target: path and query.
            is_sealed: whether it wants an answer for itself alone.
            invalid: what is wrong with its token.
        """
        token = mint(
            SECRET,
            now=time.time(),
            bind=USER + (self.recipient if is_sealed else ""),
            install_key=self._install.public if self._install else None,
            invalid=invalid,
        )
        sent = {"Approov-Token": token}
        if self._install:
            sent = sign_request(self._install, "GET", ORIGIN + target, sent, now=time.time())
        self._mark(token, sent.get("Signature"))
        sealed = {"Secret-Recipient": self.recipient} if is_sealed else {}
        return {**sent, **sealed, "Authorization": USER, "Cookie": COOKIE}

    def canary(self) -> Canary:
        """Look for all marks there have been."""
        return Canary(self.marks)

    def _mark(self, token: str, signature: str | None) -> None:
        number = len(self.marks)
        for name, segment in zip(("claims", "signature"), token.split(".")[1:], strict=False):
            self.marks[f"{name} of token {number}"] = segment.encode()
        if signature:
            self.marks[f"message signature {number}"] = signature.split(":")[1].encode()


def answered(answer: httpx.Response) -> bytes:
    """Give all of an answer."""
    return repr(answer.headers.raw).encode() + answer.content


def texts() -> Iterator[str]:
    """Give what an exception may quote: each secret as it is, and in a URL and a header."""
    for mark in (*HELD.values(), *SENT.values()):
        text = mark.decode("latin-1")
        yield text
        yield f"https://api.nasa.gov/planetary/apod?api_key={quote(text)}"
        yield f"Authorization: Basic {base64.b64encode(mark).decode()}"
