"""Every reason for which a request is not attested.

    AttestationError
    ├── MissingTokenError                 token_missing
    │   └── EmptyTokenError               token_empty
    ├── RepeatedTokenError                token_repeated
    ├── MalformedTokenError               token_malformed
    │   ├── OversizedTokenError           token_oversized
    │   ├── SegmentCountError             token_segments
    │   ├── EncodingError                 token_encoding
    │   └── JsonError                     token_json
    ├── HeaderError                       header_refused
    │   ├── AlgorithmError                algorithm_refused
    │   └── UnknownKeyError               key_unknown
    ├── SignatureError                    signature_invalid
    ├── ClaimError                        claim_invalid
    │   ├── MissingExpiryError            expiry_missing
    │   ├── InvalidExpiryError            expiry_invalid
    │   ├── ExpiredTokenError             expired
    │   ├── NotYetValidError              not_yet_valid
    │   ├── LifetimeError                 lifetime_too_long
    │   ├── IssuerError                   issuer_refused
    │   └── AudienceError                 audience_refused
    ├── BindingError                      binding_mismatch
    │   ├── MissingBindingError           binding_missing
    │   ├── AbsentBindingHeaderError      binding_header_absent
    │   └── RepeatedBindingHeaderError    binding_header_repeated
    ├── OriginalRequestError              original_request
    ├── MessageSignatureError             message_signature_invalid
    │   ├── MissingMessageSignatureError  message_signature_missing
    │   ├── MalformedMessageSignatureError  message_signature_malformed
    │   ├── UncoveredComponentError       message_signature_coverage
    │   ├── MessageSignatureTimeError     message_signature_time
    │   ├── MessageSigningKeyError        message_signing_key
    │   ├── BodyError                     body_incomplete
    │   ├── ContentDigestError            content_digest
    │   ├── ReplayError                   replay
    │   └── ReplayStoreFullError          replay_store_full
    └── VerificationFailureError          verification_failure

Reason codes are for logs and for `astropiks token explain`. A client never learns which one it
was (Approov's go-live list: no reason to the caller). No error carries a byte of the token.
"""

from typing import ClassVar


class AttestationError(Exception):
    """A request is not proved to come from a genuine app; the leaves say why.

    Attributes:
        detail: what was found. Like the code, it quotes nothing of the request and can be logged.
        reason: stable code, also for a metric's label.
        advice: what the person who runs the service or the app can do about it.
    """

    reason: ClassVar[str]
    advice: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class MissingTokenError(AttestationError):
    """The request has no token header."""

    reason = "token_missing"
    advice = (
        "Send the Approov token in the header named by APPROOV_HEADER_NAME (Approov-Token). In the "
        "app, use the Approov HTTP client for this base URL and register its domain with Approov."
    )


class EmptyTokenError(MissingTokenError):
    """The header is there but holds nothing, as when the SDK could not reach Approov."""

    reason = "token_empty"
    advice = (
        "The SDK sends an empty header when it got no token (NO_APPROOV_SERVICE). Check the "
        "phone's network and that the app is registered with Approov."
    )


class RepeatedTokenError(AttestationError):
    """The header stands in the request more than once, so it is unclear which token is meant."""

    reason = "token_repeated"
    advice = "Send exactly one token header; look for a second interceptor that adds it again."


class MalformedTokenError(AttestationError):
    """The text is not a compact JWS as RFC 7515 section 7.1 defines it, strictly read."""

    reason = "token_malformed"
    advice = "Pass the token on exactly as the Approov SDK gives it: three parts joined by dots."


class OversizedTokenError(MalformedTokenError):
    """The text is longer than any Approov token."""

    reason = "token_oversized"


class SegmentCountError(MalformedTokenError):
    """Not three non-empty segments: a status word, an encrypted token, or something else."""

    reason = "token_segments"
    advice = (
        "The header holds something other than a signed token: an SDK status word such as "
        "NO_NETWORK, an encrypted token (switch -jwe off), or a placeholder."
    )


class EncodingError(MalformedTokenError):
    """A segment is not unpadded canonical base64url (RFC 7515 section 2)."""

    reason = "token_encoding"


class JsonError(MalformedTokenError):
    """Header or claims are not one plain JSON object (RFC 8725 section 3.7, RFC 7519 section 4)."""

    reason = "token_json"


class HeaderError(AttestationError):
    """The JOSE header asks for something that no Approov token asks for (RFC 8725 section 3.11)."""

    reason = "header_refused"
    advice = "This is a JWT of another kind. Send the Approov attestation token."


class AlgorithmError(HeaderError):
    """`alg` is not the algorithm that the key is pinned to (RFC 8725 section 3.1)."""

    reason = "algorithm_refused"
    advice = (
        "With APPROOV_BASE64_SECRET alone the service verifies HS256. If Approov signs this API "
        "with a key set of its own, put its JWKS into APPROOV_KEYSET_FILE, each key with its alg."
    )


class UnknownKeyError(HeaderError):
    """`kid` names a key that is not configured, and no key without a kid is there to try."""

    reason = "key_unknown"
    advice = "Add the key to APPROOV_KEYSET_FILE before Approov begins to sign with it."


class SignatureError(AttestationError):
    """No configured key made this signature: failed app, forger, or a wrong secret here."""

    reason = "signature_invalid"
    advice = (
        "Approov signs the tokens of apps that fail attestation with a key that is not yours. If "
        "genuine apps are refused too, compare APPROOV_BASE64_SECRET with the output of "
        "`approov secret -get base64`."
    )


class ClaimError(AttestationError):
    """A claim is missing or has a form it may not have."""

    reason = "claim_invalid"
    advice = "The signature is right but the claims are not Approov's: who else holds this secret?"


class MissingExpiryError(ClaimError):
    """There is no `exp`, so the token would be good for ever."""

    reason = "expiry_missing"


class InvalidExpiryError(ClaimError):
    """`exp` is not a NumericDate between 1970 and 9999."""

    reason = "expiry_invalid"


class ExpiredTokenError(ClaimError):
    """`exp` has passed.

    Attributes:
        expired_for_seconds: how long ago, by the verifier's clock.
    """

    reason = "expired"
    advice = (
        "Let the SDK fetch the token for each request instead of keeping it. If fresh tokens are "
        "refused, set this machine's clock (NTP)."
    )

    def __init__(self, expired_for_seconds: float) -> None:
        super().__init__(f"exp passed {expired_for_seconds:.3f} seconds ago")
        self.expired_for_seconds = expired_for_seconds


class NotYetValidError(ClaimError):
    """`nbf` or `iat` lies ahead."""

    reason = "not_yet_valid"
    advice = "Set this machine's clock (NTP), or allow for it with APPROOV_LEEWAY_SECONDS."


class LifetimeError(ClaimError):
    """The token is good for longer than the operator allows."""

    reason = "lifetime_too_long"
    advice = "Approov's tokens live for minutes: is APPROOV_MAX_LIFETIME_SECONDS shorter?"


class IssuerError(ClaimError):
    """`iss` is not the issuer that the operator demands (RFC 8725 section 3.8)."""

    reason = "issuer_refused"
    advice = "Switch the claim on (`approov policy -setIssuer on`) or unset APPROOV_ISSUER."


class AudienceError(ClaimError):
    """`aud` does not name the audience that the operator demands (RFC 8725 section 3.9)."""

    reason = "audience_refused"
    advice = "Switch the claim on (`approov policy -setAudience on`) or unset APPROOV_AUDIENCE."


class VerificationFailureError(AttestationError):
    """Verification itself broke. Fails closed, and is counted apart from bad tokens."""

    reason = "verification_failure"
    advice = "This is a defect of the service, not of the token: report it with the request id."
