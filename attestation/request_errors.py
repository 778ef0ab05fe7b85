"""Why a request with a good token is refused all the same: `errors` draws the whole tree."""

from attestation.errors import AttestationError


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
        "Let the app bind its tokens: name the headers in Binding of the Android client, or call "
        "setBindingHeader of Approov's layer for a single one, not both. Tokens of Approov's "
        "failover service are never bound; "
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


class OriginalRequestError(AttestationError):
    """A gateway does not tell clearly which request it asks about."""

    reason = "original_request"
    advice = (
        "Let the gateway set method and address of the original request, each once and overwriting "
        "what the client sent; gateways/ has configurations that do."
    )


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


class BodyError(MessageSignatureError):
    """The body is too long, too slow, or did not come whole, so that it cannot be verified."""

    reason = "body_incomplete"
    advice = (
        "Send a body of 1 MiB at most, within 10 seconds. A gateway that passes on the head alone "
        "can have signed requests checked only if their method is GET or HEAD."
    )


class ContentDigestError(MessageSignatureError):
    """The body is not the one that was digested (RFC 9530)."""

    reason = "content_digest"
    advice = "Digest the body's bytes as they are sent, with sha-256 or sha-512."


class ReplayError(MessageSignatureError):
    """This signature has been used before."""

    reason = "replay"
    advice = "Sign each attempt of a request anew; a repeated signature is a repeated request."


class ReplayStoreFullError(MessageSignatureError):
    """Too many signatures are remembered to tell whether this one is new: it fails closed."""

    reason = "replay_store_full"
    advice = (
        "Shorten APPROOV_SIGNATURE_MAX_AGE_SECONDS: signatures are remembered for so long, and "
        "100,000 of them at most in each process."
    )
