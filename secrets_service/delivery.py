"""What goes to the client."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An answer to a request for a secret.

    Attributes:
        version: the version it is about.
        body: what to send; None if the client has this version already.
        is_sealed: whether the body is a JWE in compact form, or JSON as it stands.
    """

    version: str
    body: bytes | None = field(default=None, repr=False)
    is_sealed: bool = False


def content(name: str, value: str, version: str, expires_at: float) -> bytes:
    """Write a secret as JSON; `expires_at` in the form of RFC 3339, in UTC, to the second."""
    expires = datetime.fromtimestamp(int(expires_at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    members = {"expires_at": expires, "name": name, "value": value, "version": version}
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode() + b"\n"
