"""Who may have a secret: demands on the token and on the request, beyond being attested."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from attestation.claims import Attestation

ClaimValue = str | int | bool

Objection = Literal["not_bound", "not_signed", "claim_refused", "token_too_old", "no_device"]
"""Why a client may not have a secret; for the audit trail, never for the client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPolicy:
    """Demands of one secret.

    Attributes:
        binding: the token has to be bound to something that the request carries.
        signature: the request has to carry a message signature.
        sealed: the value goes out only encrypted to a key that the token is bound to.
        claims: for each claim the values that it may have.
        max_token_age: seconds since `iat`, which the token then has to have.
        rate: deliveries to one device, such as ``10/hour``.
    """

    binding: bool = False
    signature: bool = False
    sealed: bool = False
    claims: Mapping[str, tuple[ClaimValue, ...]] = field(default_factory=dict)
    max_token_age: float | None = None
    rate: str | None = None


def objection(policy: SecretPolicy, attestation: Attestation, now: float) -> Objection | None:
    """Say what speaks against giving a secret of this *policy*, if anything does."""
    if policy.binding and not attestation.bound_headers:
        return "not_bound"
    if policy.signature and not attestation.is_signed:
        return "not_signed"
    if not all(_has(attestation, name, values) for name, values in policy.claims.items()):
        return "claim_refused"
    if policy.max_token_age is not None and not _is_young(attestation, policy.max_token_age, now):
        return "token_too_old"
    if policy.rate is not None and attestation.device_id is None:
        return "no_device"
    return None


def _has(attestation: Attestation, name: str, values: tuple[ClaimValue, ...]) -> bool:
    claim = attestation.claims.get(name)
    # Python takes True for 1: JSON does not.
    return any(type(claim) is type(value) and claim == value for value in values)


def _is_young(attestation: Attestation, seconds: float, now: float) -> bool:
    issued_at = attestation.claims.get("iat")  # a number, or the token would have been refused
    return isinstance(issued_at, int | float) and now - issued_at <= seconds
