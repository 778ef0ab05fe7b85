"""How an authorizer answers: a boolean, or an IAM policy, and what it tells the API behind it."""

import re
from collections.abc import Mapping
from typing import Any

from attestation.claims import Attestation

Answer = Mapping[str, Any]
Value = str | int | float | bool

STAGE = re.compile(r"arn:[\w-]+:execute-api:[\w-]*:\d*:\w+/[^/*?]+(?=/)")
"""The part of a route's ARN that names the API and its stage."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What can be written behind `$context.authorizer.` without trouble."""

MAX_EXACT = 2**53
"""Beyond it, JSON numbers are not the same everywhere (RFC 8259 section 6)."""


def simple(attestation: Attestation | None) -> Answer:
    """Answer with a boolean, as HTTP APIs with payload 2.0 understand it."""
    return {"isAuthorized": attestation is not None, "context": context(attestation)}


def policy(attestation: Attestation | None, arn: str) -> Answer:
    """Answer with an IAM policy, as every API understands it.

    It speaks of the whole stage, not of the route that was asked for: API Gateway may remember the
    policy by the token, and would hold it against the app's next request for another route. A
    verdict on a token is the same for all of them.
    """
    stage = STAGE.match(arn)
    is_allowed = attestation is not None and stage is not None
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if is_allowed else "Deny",
        "Resource": f"{stage[0]}/*" if stage else "*",
    }
    return {
        "principalId": _principal(attestation),
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context(attestation) if is_allowed else {},
    }


def context(attestation: Attestation | None) -> Mapping[str, Value]:
    """Give the claims that are single values: REST APIs fail on lists, objects and null."""
    if attestation is None:
        return {}
    return {
        name: value
        for name, value in attestation.claims.items()
        if NAME.fullmatch(name) and _is_value(value)
    }


def _principal(attestation: Attestation | None) -> str:
    device_id = attestation.device_id if attestation else None
    return device_id if device_id and _is_value(device_id) else "app"


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        # Half a surrogate pair, which JSON can hold, cannot be sent.
        return value == value.encode("utf-8", "ignore").decode("utf-8")
    return isinstance(value, int | float) and abs(value) <= MAX_EXACT
