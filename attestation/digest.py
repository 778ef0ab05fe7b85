"""Content-Digest (RFC 9530): that the signed body is the body that came."""

import hashlib
import hmac

from attestation.fields import byte_sequences
from attestation.request import HttpRequest
from attestation.request_errors import ContentDigestError

ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def check(request: HttpRequest, body: bytes) -> None:
    """Compare every known digest with *body*; there has to be one at least.

    Raises:
        ContentDigestError: one does not fit, or none is known.
        MalformedMessageSignatureError: the header is no dictionary of byte sequences.
    """
    digests = byte_sequences(request, "content-digest")
    known = {name: digest for name, digest in digests.items() if name in ALGORITHMS}
    if not known:
        raise ContentDigestError("Content-Digest has neither sha-256 nor sha-512")
    for name, digest in known.items():
        if not hmac.compare_digest(ALGORITHMS[name](body).digest(), digest):
            raise ContentDigestError(f"the body's {name} is not the one in Content-Digest")
