"""HTTP message signatures (RFC 9421), of the two kinds that Approov makes.

`install` is made with a key in the phone's hardware, whose public half the token carries; `account`
with a key that the whole account shares.
"""

from dataclasses import dataclass, field
from typing import Literal

from attestation import digest, signature_base
from attestation.claims import Attestation, Clock
from attestation.fields import SignatureInput, byte_sequences, signature_inputs
from attestation.memory import ReplayStore
from attestation.request import HttpRequest
from attestation.request_errors import (
    BodyError,
    MalformedMessageSignatureError,
    MessageSignatureError,
    MessageSignatureTimeError,
    MessageSigningKeyError,
    MissingMessageSignatureError,
    UncoveredComponentError,
)
from attestation.signature_checks import Check, account_check, canonical, install_check

Mode = Literal["off", "if-present", "required"]

INSTALL, ACCOUNT = "install", "account"
ALGORITHMS = {INSTALL: "ecdsa-p256-sha256", ACCOUNT: "hmac-sha256"}
SIGNATURE_BYTES = {INSTALL: 64, ACCOUNT: 32}
PARAMETERS = {"alg", "created", "expires", "keyid", "nonce", "tag"}

LAST_SECOND = 253402300799

WITHOUT_BODY = {"GET", "HEAD"}
"""Methods whose body means nothing to whoever gets it (RFC 9110 sections 9.3.1 and 9.3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPolicy:
    """What the operator demands of message signatures.

    Attributes:
        mode: `off`; `if-present`, where only tokens with an install key oblige to sign; `required`.
        token_header: name in lower case of the header with the token, which has to be covered.
        account_key: HMAC key of the account, for `account` signatures.
        max_age_seconds: how old a signature may be, the skew not counted.
        skew_seconds: how far the phone's clock may differ, both ways.
    """

    mode: Mode = "off"
    token_header: str = "approov-token"
    account_key: bytes | None = field(default=None, repr=False)
    max_age_seconds: int = 60
    skew_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose message signatures fit.

    Attributes:
        is_certainly_new: whether no process can have seen them before.
    """

    is_certainly_new: bool


class SignatureVerifier:
    """Verifies the message signatures of attested requests."""

    def __init__(self, policy: SigningPolicy, *, clock: Clock, replays: ReplayStore) -> None:
        self._policy = policy
        self._clock = clock
        self._replays = replays

    @property
    def is_on(self) -> bool:
        """Whether signatures are looked at, so that the body is needed."""
        return self._policy.mode != "off"

    async def verify(
        self, attestation: Attestation, request: HttpRequest, body: bytes
    ) -> Signed | None:
        """Verify each signature of a kind that there is a key for, and demand what must be there.

        Other labels are let be: they may be meant for somebody else.

        Returns:
            What is known of them, if there are any.

        Raises:
            MessageSignatureError: by its leaves.
        """
        if not self.is_on:
            return None
        if not request.origin:
            raise MalformedMessageSignatureError("the request has no one Host to sign for")
        inputs, signatures = signature_inputs(request), byte_sequences(request, "signature")
        if set(inputs) != set(signatures):
            raise MalformedMessageSignatureError("Signature-Input and Signature differ in labels")
        present = [label for label in ALGORITHMS if label in inputs]
        checks = self._checks(attestation)
        self._demand(attestation, present, checks)
        verified = [label for label in present if label in checks]
        for label in verified:
            if len(signatures[label]) != SIGNATURE_BYTES[label]:
                raise MessageSignatureError(f"the {label} signature has the wrong length")
            self._check_parameters(label, inputs[label])
            self._check_coverage(inputs[label], request, body)
            _check_signature(inputs[label], signatures[label], request, checks[label])
        if not verified:
            return None
        first = verified[0]
        is_new = await self._replays.admit(
            canonical(signatures[first]), self._end(inputs[first]), _signer(attestation)
        )
        return Signed(is_certainly_new=is_new)

    def _checks(self, attestation: Attestation) -> dict[str, Check]:
        """Give the kinds of signature that can be verified for this token."""
        checks: dict[str, Check] = {}
        if attestation.install_key is not None:
            checks[INSTALL] = install_check(attestation.install_key)
        if self._policy.account_key is not None:
            checks[ACCOUNT] = account_check(self._policy.account_key)
        return checks

    def _demand(
        self, attestation: Attestation, present: list[str], checks: dict[str, Check]
    ) -> None:
        """Refuse a request that leaves out a signature it must have, or one none can verify."""
        if attestation.install_key is not None and INSTALL not in present:
            raise MissingMessageSignatureError(
                "the token has an install key, the request no signature"
            )
        promises = attestation.account_key_id is not None and ACCOUNT in checks
        if not present and (self._policy.mode == "required" or promises):
            raise MissingMessageSignatureError("there is no message signature")
        if present and not set(present) & set(checks):
            raise MessageSigningKeyError(f"there is no key for the {present[0]} signature")

    def _check_parameters(self, label: str, signed: SignatureInput) -> None:
        parameters = signed.parameters
        if set(parameters) - PARAMETERS:
            raise MalformedMessageSignatureError("a signature parameter is unknown")
        alg = parameters.get("alg", ALGORITHMS[label])
        if type(alg) is not str or alg != ALGORITHMS[label]:
            raise MalformedMessageSignatureError(f"the alg of {label} is not {ALGORITHMS[label]}")
        created, expires = parameters.get("created"), parameters.get("expires", LAST_SECOND)
        if type(created) is not int or type(expires) is not int:
            raise MalformedMessageSignatureError(
                "created is missing, or it or expires is no integer"
            )
        now, skew = self._clock(), self._policy.skew_seconds
        if created > now + skew:
            raise MessageSignatureTimeError(f"created is {created - now:.0f} seconds ahead")
        if now >= self._end(signed):
            raise MessageSignatureTimeError(
                f"created was {now - created:.0f} seconds ago, for {expires - created} at most"
                if expires < LAST_SECOND
                else f"created was {now - created:.0f} seconds ago"
            )

    def _end(self, signed: SignatureInput) -> float:
        """Give the Unix time from which on a signature is refused."""
        end: int = min(
            signed.parameters["created"] + self._policy.max_age_seconds,
            signed.parameters.get("expires", LAST_SECOND),
        )
        return end + self._policy.skew_seconds

    def _check_coverage(self, signed: SignatureInput, request: HttpRequest, body: bytes) -> None:
        """Demand what binds a signature to this request; RFC 9421 section 7.2.1 leaves it to us."""
        covered = {component.name for component in signed.components if not component.parameters}
        if request.hides_body and not body and request.method not in WITHOUT_BODY:
            raise BodyError("a body that cannot be seen here may have come with the request")
        required = {"@method", "@target-uri", self._policy.token_header}
        if body or request.values("content-digest"):
            required.add("content-digest")
        if required - covered:
            missing = ", ".join(sorted(required - covered))
            raise UncoveredComponentError(f"the signature does not cover {missing}")
        if "content-digest" in covered:
            digest.check(request, body)


def _signer(attestation: Attestation) -> bytes:
    """Name the device, as the token does; without its id, the install that signs."""
    if attestation.device_id is not None:
        return attestation.device_id.encode("utf-8", "surrogatepass")
    return attestation.install_key or b""


def _check_signature(
    signed: SignatureInput, signature: bytes, request: HttpRequest, check: Check
) -> None:
    if not any(check(signature, base) for base in signature_base.build(request, signed)):
        raise MessageSignatureError("the signature does not fit the request")
