"""Say in words what the verifier makes of a token. Never prints the token."""

from dataclasses import replace
from datetime import UTC, datetime

from attestation import binding, compact
from attestation.binding import BindingPolicy
from attestation.claims import Attestation
from attestation.errors import AttestationError, SignatureError
from attestation.request import HttpRequest
from attestation.token import TokenVerifier
from attestation.verifier import Policy
from edge.settings import Settings
from edge.verification import keys_of, policy_of

BOUND = "bound"


def explain(settings: Settings, token: bytes, *, bind: str | None, now: float) -> tuple[bool, str]:
    """Tell whether *token* would be accepted at Unix time *now*, and give the words for it."""
    if not token or b" " in token or b":" in token:
        return False, "Give the token alone: no header name, no Bearer, no blank."
    policy = policy_of(settings)
    verifier = TokenVerifier(keys_of(settings), clock=lambda: now, policy=policy.claims)
    try:
        attestation = verifier.verify(token)
        if bind is not None:
            _check_binding(attestation, bind, policy.binding)
    except AttestationError as refusal:
        detail, advice, clock = words_for(refusal, now)
        lines = [f"refused: {refusal.reason}: {detail}", advice]
        if isinstance(refusal, SignatureError) and _is_signed_undecoded(settings, token):
            lines.append(
                "Whoever made it used the base64 text of the secret as the key. "
                "Decode the secret there first."
            )
        return False, "\n".join([*lines, clock])
    seconds = attestation.good_until - now
    told = {
        "device": attestation.device_id,
        "address": attestation.address,
        "attestation response code": attestation.arc,
        "account key": attestation.account_key_id,
    }
    lines = [f"accepted: good for {seconds:.0f} seconds more", *_unchecked(policy, bind)]
    lines += [f"{name}: {value}" for name, value in told.items() if value]
    lines.append("bound" if attestation.bound_to else "bound to nothing")
    lines.append("with an install key" if attestation.install_key else "without an install key")
    return True, "\n".join(lines)


def words_for(refusal: AttestationError, now: float) -> tuple[str, str, str]:
    """Say what was found, what to do, and what time it is here at Unix time *now*."""
    clock = f"This machine's clock says {datetime.fromtimestamp(now, UTC):%FT%TZ}."
    return refusal.detail, refusal.advice, clock


def _unchecked(policy: Policy, bind: str | None) -> list[str]:
    """Say what the service will ask for besides."""
    lines = []
    if policy.binding.headers and bind is None:
        headers = ", ".join(policy.binding.headers)
        lines.append(f"Not checked: binding to {headers}. Give their joined values with --bind.")
    if policy.signing.mode != "off":
        lines.append("Not checked: the request's message signature, which is not in the token.")
    return lines


def _check_binding(attestation: Attestation, bind: str, policy: BindingPolicy) -> None:
    """Let *bind* be all that is sent to bind to: a recipient's key, where no headers are named."""
    headers = ((BOUND.encode(), bind.encode()),)
    request = HttpRequest(method="GET", origin="", path="/", query=None, headers=headers)
    is_named = bool(policy.headers)
    wanted = replace(policy, headers=(BOUND,)) if is_named else replace(policy, recipient=BOUND)
    binding.check(attestation, request, wanted)


def _is_signed_undecoded(settings: Settings, token: bytes) -> bool:
    parsed = compact.parse(token)
    return any(
        key.verifies_undecoded(parsed.signing_input, parsed.signature) for key in settings.secrets
    )
