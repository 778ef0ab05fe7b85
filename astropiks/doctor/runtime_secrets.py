"""Whether the values of runtime secrets can be had. None is shown."""

from collections.abc import AsyncIterator

from astropiks.doctor.finding import Finding, failed, ok
from secrets_service.catalog import Catalog
from secrets_service.errors import SourceError


async def readings(catalog: Catalog) -> AsyncIterator[Finding]:
    """Read every source of every version that is, or will be, delivered."""
    for secret in catalog.secrets.values():
        for version in filter(None, (secret.current, secret.next)):
            subject = " ".join(filter(None, (secret.name, version.name)))
            try:
                await version.source.read()
            except SourceError as error:
                yield failed(
                    subject,
                    f"{version.origin}: {error}.",
                    "It is not given out (503) while its source fails and none is held.",
                )
            else:
                yield ok(subject, f"{version.origin} can be read.")
