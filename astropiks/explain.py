"""Say in words what the verifier makes of a token. Never prints the token, nor a claim's secret."""

from datetime import UTC, datetime

from attestation import binding, compact
from attestation.binding import BindingPolicy
from attestation.claims import Attestation
from attestation.errors import AttestationError, SignatureError
from attestation.request import HttpRequest
from attestation.token import TokenVerifier
from edge.settings import Settings
from edge.verification import keys_of, policy_of

BOUND = "bound"


def explain(settings: Settings, token: bytes, *, bind: str | None, now: float) -> tuple[bool, str]:
    """Tell whether *token* would be accepted at Unix time *now*, and give the words for it."""
    if not token or b" " in token or b":" in token:
        return False, "Give the token alone: no header name, no Bearer, no blank."
    verifier = TokenVerifier(
        keys_of(settings), clock=lambda: now, policy=policy_of(settings).claims
    )
    try:
        attestation = verifier.verify(token)
        if bind is not None:
            _check_binding(attestation, bind)
    except AttestationError as refusal:
        lines = [f"refused: {refusal.reason}: {refusal.detail}", refusal.advice]
        if isinstance(refusal, SignatureError) and _is_signed_undecoded(settings, token):
            lines.append(
                "Whoever made it used the base64 text of the secret as the key. "
                "Decode the secret there first."
            )
        lines.append(f"This machine's clock says {datetime.fromtimestamp(now, UTC):%FT%TZ}.")
        return False, "\n".join(lines)
    seconds = attestation.expires_at - now
    bound = "bound" if attestation.bound_to else "not bound"
    signing = "has an install key" if attestation.install_key else "has no install key"
    who = f"device {attestation.device_id}, {bound}, {signing}"
    return True, f"accepted: expires in {seconds:.0f} seconds, {who}"


def _check_binding(attestation: Attestation, bind: str) -> None:
    headers = ((BOUND.encode(), bind.encode()),)
    request = HttpRequest(method="GET", origin="", path="/", query=None, headers=headers)
    binding.check(attestation, request, BindingPolicy(headers=(BOUND,)))


def _is_signed_undecoded(settings: Settings, token: bytes) -> bool:
    parsed = compact.parse(token)
    return any(
        key.verifies_undecoded(parsed.signing_input, parsed.signature) for key in settings.secrets
    )
