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
        allows_unbound: whether a token without `pay` passes, as those of Approov's failover do.
    """

    headers: tuple[str, ...] = ()
    allows_unbound: bool = False


def check(attestation: Attestation, request: HttpRequest, policy: BindingPolicy) -> None:
    """Compare the token's `pay` with the hash of what *request* carries.

    The values are joined as sent, without a separator, as the SDK joins them.

    Raises:
        BindingError: by its leaves.
    """
    if not policy.headers:
        return
    if attestation.bound_to is None:
        if policy.allows_unbound:
            return
        raise MissingBindingError("the token has no pay claim")
    bound = hashlib.sha256(b"".join(_value(request, name) for name in policy.headers))
    if not hmac.compare_digest(bound.digest(), attestation.bound_to):
        raise BindingError("the hash of the binding headers is not the token's pay claim")


def _value(request: HttpRequest, name: str) -> bytes:
    values = request.values(name)
    if not values or not values[0]:
        raise AbsentBindingHeaderError(f"the request has no {name} header")
    if len(values) > 1:
        raise RepeatedBindingHeaderError(f"the request has {len(values)} {name} headers")
    return values[0]
