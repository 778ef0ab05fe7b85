"""The whole check of a request, for any server or gateway: token, binding, message signature."""

import time
from dataclasses import dataclass, field, replace
from typing import Self

from attestation import binding
from attestation.binding import BindingPolicy
from attestation.claims import Attestation, ClaimPolicy, Clock
from attestation.errors import (
    AttestationError,
    EmptyTokenError,
    MalformedTokenError,
    MissingTokenError,
    RepeatedTokenError,
    VerificationFailureError,
)
from attestation.keys import InvalidKeyError, KeyRing, decode_secrets
from attestation.memory import ProcessReplayStore, ReplayStore
from attestation.request import HttpRequest
from attestation.signing import SignatureVerifier, SigningPolicy
from attestation.token import TokenVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that the operator decides.

    Attributes:
        token_header: name in lower case of the header with the token.
        token_prefix: text before the token in it, such as ``Bearer``.
        claims: what the token has to say.
        binding: what it has to be bound to.
        signing: which message signatures there have to be.
    """

    token_header: str = "approov-token"
    token_prefix: str = ""
    claims: ClaimPolicy = field(default_factory=ClaimPolicy)
    binding: BindingPolicy = field(default_factory=BindingPolicy)
    signing: SigningPolicy = field(default_factory=SigningPolicy)


class RequestVerifier:
    """Decides whether a request comes from a genuine app.

    In two steps, so that nobody has to receive a body for a request whose head is refused.
    """

    def __init__(
        self, keys: KeyRing, policy: Policy, *, clock: Clock, replays: ReplayStore | None = None
    ) -> None:
        self._policy = policy
        self._prefix = policy.token_prefix.strip().lower().encode("ascii")
        self._tokens = TokenVerifier(keys, clock=clock, policy=policy.claims)
        self._signatures = SignatureVerifier(
            policy.signing, clock=clock, replays=replays or ProcessReplayStore(clock)
        )

    @classmethod
    def of_secrets(
        cls, secrets: str, *, bound_to: tuple[str, ...] = (), clock: Clock = time.time
    ) -> Self:
        """Make one for the usual case: an account's secrets, and perhaps what tokens are bound to.

        Args:
            secrets: as `approov secret -get base64` prints them, comma-separated, newest first.
            bound_to: names of the headers that tokens have to be bound to, in their order.
            clock: the present, as Unix time in seconds.

        Raises:
            InvalidKeyError: a secret cannot be used, or everybody knows it.
        """
        keys = KeyRing(decode_secrets(secrets))
        if keys.has_published:
            raise InvalidKeyError("is printed in Approov's samples: everybody can sign with it")
        headers = tuple(name.lower() for name in bound_to)
        return cls(keys, Policy(binding=BindingPolicy(headers=headers)), clock=clock)

    @property
    def needs_body(self) -> bool:
        """Whether the second step looks at the body."""
        return self._signatures.is_on

    @property
    def keys(self) -> KeyRing:
        """Those in force."""
        return self._tokens.keys

    def replace_keys(self, keys: KeyRing) -> None:
        """Verify with *keys* from now on."""
        self._tokens.replace_keys(keys)

    def verify_head(self, request: HttpRequest) -> Attestation:
        """Verify the token and what it is bound to.

        Raises:
            AttestationError: by its leaves; nothing else ever leaves this method.
        """
        attestation = self._tokens.verify(self._token(request))
        bound = binding.check(attestation, request, self._policy.binding)
        return replace(attestation, bound_headers=bound) if bound else attestation

    async def verify_signature(
        self, attestation: Attestation, request: HttpRequest, body: bytes
    ) -> Attestation:
        """Verify the message signature over the head and *body*, and say whether there is one.

        Raises:
            AttestationError: by its leaves; nothing else ever leaves this method.
        """
        try:
            signed = await self._signatures.verify(attestation, request, body)
            if signed is None:
                return attestation
            return replace(attestation, is_signed=True, is_new=signed.is_certainly_new)
        except AttestationError:
            raise
        except Exception as error:  # noqa: BLE001  (fails closed, whatever breaks)
            msg = f"the message signature could not be checked ({type(error).__name__})"
            raise VerificationFailureError(msg) from None

    def _token(self, request: HttpRequest) -> bytes:
        values = request.values(self._policy.token_header)
        if not values:
            raise MissingTokenError("there is no token header")
        if len(values) > 1:
            raise RepeatedTokenError(f"there are {len(values)} token headers")
        return self._without_prefix(values[0].strip(b" \t"))

    def _without_prefix(self, value: bytes) -> bytes:
        """Take the prefix off: an auth scheme, whose case does not matter, and a blank."""
        if not value or value.lower() == self._prefix:
            raise EmptyTokenError("the token header is empty")
        if not self._prefix:
            return value
        scheme, _, token = value.partition(b" ")
        if scheme.lower() != self._prefix:
            raise MalformedTokenError("the header does not begin with the configured prefix")
        return token.lstrip(b" \t")
