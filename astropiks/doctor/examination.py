"""All checks, in order: what can be seen at once, then what has to be asked for."""

from collections.abc import AsyncIterator

from astropiks.doctor.clocks import clock
from astropiks.doctor.configuration import Configuration
from astropiks.doctor.finding import Section
from astropiks.doctor.keys import keys
from astropiks.doctor.listening import listening
from astropiks.doctor.live import live
from astropiks.doctor.nasa import nasa
from astropiks.doctor.protections import protections
from astropiks.doctor.runtime_secrets import readings
from astropiks.doctor.services import services
from astropiks.doctor.surroundings import Surroundings
from astropiks.doctor.traffic import traffic


async def examine(
    configuration: Configuration, here: Surroundings, *, is_live: bool
) -> AsyncIterator[Section]:
    """Give what each check finds, as soon as it has; none of it without a usable configuration.

    Args:
        configuration: to examine.
        here: where it would run.
        is_live: whether to ask NASA, too.
    """
    yield Section("Configuration", (*configuration.findings, clock(here.now)))
    settings, catalog = configuration.settings, configuration.catalog
    if settings is None or catalog is None:
        return
    yield Section("Services", tuple(services(settings, catalog)))
    yield Section("Tokens", (*protections(settings), *keys(settings, here)))
    yield Section("Requests", (*listening(settings, here), *traffic(settings, here)))
    yield Section("NASA", tuple(nasa(settings, here)))
    if settings.redis_url is not None:
        # Only where it is used: the library takes its time and memory.
        from astropiks.doctor.shared_store import shared_store  # noqa: PLC0415

        yield Section("Redis", tuple(await shared_store(settings)))
    yield Section("Runtime secrets", tuple([found async for found in readings(catalog)]))
    if is_live:
        yield Section("NASA, asked just now", tuple(await live(settings)))
