"""From a request for a secret to its value, readable from top to bottom."""

from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import SecretStr

from attestation.claims import Attestation, Clock
from edge.limits import Limiter
from edge.verification import RECIPIENT_HEADER
from secrets_service.audit import AuditTrail, Entry
from secrets_service.catalog import Catalog, RuntimeSecret, Version
from secrets_service.delivery import Delivery, content
from secrets_service.errors import (
    NotForClientError,
    RecipientError,
    SealedOnlyError,
    SecretError,
    SourceError,
    TooManyDeliveriesError,
    UndeliverableError,
)
from secrets_service.policy import objection
from secrets_service.sealing import Recipient
from secrets_service.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and with what.

    Attributes:
        attestation: of the request.
        address: that it came from.
        request_id: of its line in the log.
        recipients: values of `Secret-Recipient`, as received.
        tags: entity tags that the client has, without their quotes.
    """

    attestation: Attestation
    address: str | None
    request_id: str | None
    recipients: tuple[bytes, ...] = field(default=(), repr=False)
    tags: frozenset[str] = frozenset()


class SecretsService:
    """Delivers secrets."""

    def __init__(
        self, catalog: Catalog, vault: Vault, limiter: Limiter, audit: AuditTrail, *, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._vault = vault
        self._limiter = limiter
        self._audit = audit
        self._clock = clock

    def replace_catalog(self, catalog: Catalog) -> None:
        """Serve *catalog* from now on; each request sees one catalog, whole."""
        self._catalog = catalog
        self._forget_rotated()

    def has(self, name: str) -> bool:
        """Tell whether there is such a secret, for whomever."""
        return name in self._catalog.secrets

    async def names(self, asker: Asker) -> list[dict[str, object]]:
        """Give names and versions of what *asker* may have.

        A version that is known by its value has none while its source fails.
        """
        now = self._clock()
        self._forget_rotated()
        return [
            {
                "name": name,
                "version": await self._known_version(secret, secret.version_at(now)),
                "also_valid": secret.also_valid(now),
                "sealed": secret.policy.sealed,
            }
            for name, secret in self._catalog.secrets.items()
            if objection(secret.policy, asker.attestation, now) is None
        ]

    async def deliver(self, name: str, asker: Asker) -> Delivery:
        """Give the value of a secret, once that is on record.

        Raises:
            SecretError: by its leaves; that is on record too.
        """
        secret = self._catalog.secrets.get(name)
        try:
            delivery = await self._delivery(secret, asker)
        except SecretError as error:
            why = str(error) if isinstance(error, NotForClientError) else error.reason
            with suppress(UndeliverableError):  # nothing goes out, so that stands in the log alone
                await self._audit.write(self._entry(asker, secret, reason=why))
            raise
        if delivery.body is not None:
            await self._audit.write(self._entry(asker, secret, version=delivery.version))
        return delivery

    async def _delivery(self, secret: RuntimeSecret | None, asker: Asker) -> Delivery:
        now = self._clock()
        if secret is None:
            raise NotForClientError("unknown")
        if (why := objection(secret.policy, asker.attestation, now)) is not None:
            raise NotForClientError(why)
        if secret.policy.signature and not asker.attestation.is_new:
            raise UndeliverableError("whether the request is a replay cannot be known")
        recipient = _recipient(asker)
        if recipient is None and secret.policy.sealed:
            raise SealedOnlyError("this secret is given out sealed only")
        version = secret.version_at(now)
        if version.name is not None and version.name in asker.tags:
            return Delivery(version=version.name)
        value = await self._value(version)
        name = self._version_name(secret, version, value)
        if name in asker.tags:
            return Delivery(version=name)
        await self._count(secret, asker)
        self._forget_rotated()
        body = content(secret.name, value.get_secret_value(), name, secret.expires_at(now))
        if recipient is None:
            return Delivery(version=name, body=body)
        sealed = recipient.seal(body, name=secret.name, version=name)
        return Delivery(version=name, body=sealed.encode(), is_sealed=True)

    async def _count(self, secret: RuntimeSecret, asker: Asker) -> None:
        rate = secret.policy.rate
        if rate is None:
            return
        device = asker.attestation.device_id or ""  # there is one: see `policy.objection`
        usage = await self._limiter.count(rate, "secret", secret.name, device)
        if usage.is_over:
            raise TooManyDeliveriesError(usage.reset_seconds)

    def _version_name(self, secret: RuntimeSecret, version: Version, value: SecretStr) -> str:
        """Give a version's own name, or one that follows from this very value."""
        return version.name or self._audit.version(secret.name, value.get_secret_value())

    async def _known_version(self, secret: RuntimeSecret, version: Version) -> str | None:
        if version.name is not None:
            return version.name
        try:
            return self._version_name(secret, version, await self._value(version))
        except UndeliverableError:
            return None

    async def _value(self, version: Version) -> SecretStr:
        try:
            return await self._vault.value(version)
        except SourceError:
            raise UndeliverableError("the source of this secret fails") from None

    def _forget_rotated(self) -> None:
        now = self._clock()
        secrets = self._catalog.secrets.values()
        self._vault.keep_only(secret.version_at(now) for secret in secrets)

    def _entry(
        self,
        asker: Asker,
        secret: RuntimeSecret | None,
        *,
        version: str | None = None,
        reason: str | None = None,
    ) -> Entry:
        return Entry(
            outcome="refused" if reason else "delivered",
            reason=reason,
            secret=secret.name if secret else None,
            version=version,
            device=self._audit.device(asker.attestation.device_id),
            address=asker.address,
            sealed=bool(asker.recipients) or (secret is not None and secret.policy.sealed),
            request_id=asker.request_id,
        )


def _recipient(asker: Asker) -> Recipient | None:
    """Give the key to seal for, if the client sent one; the gate has seen that it is bound."""
    if not asker.recipients:
        return None
    if len(asker.recipients) > 1 or RECIPIENT_HEADER not in asker.attestation.bound_headers:
        raise RecipientError("there are several, or the token is not bound to it")
    return Recipient(asker.recipients[0])
