"""Token binding: the token names, by its hash, something that only this user's requests carry."""

import hashlib
import hmac
from dataclasses import dataclass

from attestation.claims import Attestation
from attestation.request import HttpRequest
from attestation.request_errors import (
    AbsentBindingHeaderError,
    BindingError,
    MissingBindingError,
    RepeatedBindingHeaderError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingPolicy:
    """What tokens have to be bound to.

    Attributes:
        headers: names in lower case; their values are joined in this order. Empty: no binding.
        recipient: name in lower case of a header that nobody has to send, but whose value, where
            it is sent, has to be bound after those of *headers*.
        allows_unbound: whether a token without `pay` passes, as those of Approov's failover do.
            Never beside a recipient.
    """

    headers: tuple[str, ...] = ()
    recipient: str | None = None
    allows_unbound: bool = False


def check(attestation: Attestation, request: HttpRequest, policy: BindingPolicy) -> tuple[str, ...]:
    """Compare the token's `pay` with the hash of what *request* carries.

    The values are joined as sent, without a separator, as the SDK joins them.

    Returns:
        The names of the headers that the token is bound to; none, if it need not be.

    Raises:
        BindingError: by its leaves.
    """
    has_recipient = policy.recipient is not None and bool(request.values(policy.recipient))
    names = policy.headers + ((policy.recipient,) if policy.recipient and has_recipient else ())
    if not names:
        return ()
    if attestation.bound_to is None:
        if policy.allows_unbound and not has_recipient:
            return ()
        raise MissingBindingError("the token has no pay claim")
    bound = hashlib.sha256(b"".join(_value(request, name) for name in names))
    if not hmac.compare_digest(bound.digest(), attestation.bound_to):
        raise BindingError("the hash of the binding headers is not the token's pay claim")
    return names


def _value(request: HttpRequest, name: str) -> bytes:
    values = request.values(name)
    if not values or not values[0]:
        raise AbsentBindingHeaderError(f"the request has no {name} header")
    if len(values) > 1:
        raise RepeatedBindingHeaderError(f"the request has {len(values)} {name} headers")
    return values[0]
