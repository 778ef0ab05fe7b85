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
    │   └── AlgorithmError                algorithm_refused
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
    ├── MessageSignatureError             message_signature_invalid
    │   ├── MissingMessageSignatureError  message_signature_missing
    │   ├── MalformedMessageSignatureError  message_signature_malformed
    │   ├── UncoveredComponentError       message_signature_coverage
    │   ├── MessageSignatureTimeError     message_signature_time
    │   ├── MessageSigningKeyError        message_signing_key
    │   ├── ContentDigestError            content_digest
    │   └── ReplayError                   replay
    └── VerificationFailureError          verification_failure

Reason codes are for logs and for `astropiks token explain`. A client never learns which one it
was (Approov's go-live list: no reason to the caller). No error carries a byte of the token.
"""

from typing import ClassVar


class AttestationError(Exception):
    """A token is not proof of a genuine app; the leaves say why.

    Attributes:
        reason: stable code, safe to log and to use as a metric's label.
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


class BindingError(AttestationError):
    """The token is bound to something other than what this request carries."""

    reason = "binding_mismatch"
    advice = (
        "Bind in the app exactly what is sent, prefix included, and list the headers in the same "
        "order in APPROOV_BINDING_HEADERS. Versions of the SDK before 3.8 may mix up the values "
        "of concurrent requests now and then."
    )


class MissingBindingError(BindingError):
    """The token has no `pay` claim: it is bound to nothing."""

    reason = "binding_missing"
    advice = (
        "Call setBindingHeader in the app. Tokens of Approov's failover service are never bound; "
        "APPROOV_MISSING_BINDING=allow accepts them, and every unbound token with them."
    )


class AbsentBindingHeaderError(BindingError):
    """The request lacks a header that tokens are bound to."""

    reason = "binding_header_absent"
    advice = "Send each header of APPROOV_BINDING_HEADERS with every request."


class RepeatedBindingHeaderError(BindingError):
    """A header that tokens are bound to stands in the request more than once."""

    reason = "binding_header_repeated"
    advice = "Send each header of APPROOV_BINDING_HEADERS once."


class MessageSignatureError(AttestationError):
    """The HTTP message signature was not made by that key over this request (RFC 9421)."""

    reason = "message_signature_invalid"
    advice = (
        "Behind a router, set PUBLIC_BASE_URL to the address that the app uses: it is signed. "
        "Nothing may change the request's method, address or signed headers on its way."
    )


class MissingMessageSignatureError(MessageSignatureError):
    """There is no signature where there has to be one."""

    reason = "message_signature_missing"
    advice = (
        "Switch message signing on in the app. A token with an install key (ipk) says that the "
        "app can sign, so leaving the signature out is no way round it."
    )


class MalformedMessageSignatureError(MessageSignatureError):
    """Signature-Input or Signature is not what RFC 9421 section 4 describes."""

    reason = "message_signature_malformed"
    advice = "Send Signature-Input and Signature as the Approov service layer makes them."


class UncoveredComponentError(MessageSignatureError):
    """The signature leaves out what it has to cover, so it would fit other requests too."""

    reason = "message_signature_coverage"
    advice = (
        "Let the app sign @method, @target-uri and the token header, and content-digest where "
        "there is a body: these are the service layer's defaults."
    )


class MessageSignatureTimeError(MessageSignatureError):
    """The signature is too old, expired, or of the future."""

    reason = "message_signature_time"
    advice = (
        "Sign each attempt of a request anew. If fresh signatures are refused, set the clocks, "
        "or allow for them with APPROOV_SIGNATURE_SKEW_SECONDS."
    )


class MessageSigningKeyError(MessageSignatureError):
    """There is no key to verify the signature with."""

    reason = "message_signing_key"
    advice = (
        "For install signatures: `approov policy -setInstallPubKey on`. For account signatures, "
        "set APPROOV_ACCOUNT_SIGNING_KEY."
    )


class ContentDigestError(MessageSignatureError):
    """The body is not the one that was digested (RFC 9530)."""

    reason = "content_digest"
    advice = "Digest the body's bytes as they are sent, with sha-256 or sha-512."


class ReplayError(MessageSignatureError):
    """This signature has been used before."""

    reason = "replay"
    advice = "Sign each attempt of a request anew; a repeated signature is a repeated request."


class VerificationFailureError(AttestationError):
    """Verification itself broke. Fails closed, and is counted apart from bad tokens."""

    reason = "verification_failure"
    advice = "This is a defect of the service, not of the token: report it with the request id."
