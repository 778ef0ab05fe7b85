"""Whether NASA answers: one call for each source, never a second, told in words."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

from astropiks.doctor import clocks
from astropiks.doctor.call import Call, call
from astropiks.doctor.finding import Finding, count_of, failed, ok, warning
from astropiks.doctor.picture import picture
from edge.settings import Settings
from proxy import freshness
from proxy.errors import SourceError, SourceRefusedError
from proxy.sources.client import open_client
from proxy.sources.exchange import Upstream
from proxy.sources.key import NasaKey
from proxy.sources.legacy import LegacySource
from proxy.sources.quota import Quota
from proxy.sources.science import ScienceSource
from proxy.sources.source import Api

ADVICE = {
    "timeout": "NASA is slow, or the way there: try again. `serve` asks up to three times, and "
    "serves what it holds meanwhile.",
    "unreachable": "See whether this machine may connect to that host by HTTPS: DNS, firewall, "
    "the platform's rules for outgoing traffic. HTTPS_PROXY is not used.",
    "busy": "Try again.",
    "unavailable": "NASA asks to be left alone for a while: try again later.",
    "failed": "It is on NASA's side: try again later.",
    "over_quota": "Wait, or use a key of your own for this deployment alone: https://api.nasa.gov",
    "key_refused": "See that NASA_API_KEY is the whole key and nothing besides, or get another at "
    "https://api.nasa.gov: it is free, and comes at once.",
    "invalid": "It is on NASA's side. The old API has had placeholders since September 2026: "
    "APOD_SOURCES=science,legacy asks the new one first.",
}
"""What to do, by the `outcome` of a failure."""


async def live(settings: Settings) -> list[Finding]:
    """Ask NASA as `serve` would, and say what came of it."""
    if not settings.serves_proxy:
        return [ok("NASA", "Not asked: SERVICES leaves the proxy out.")]
    if settings.nasa_api_key is None and not settings.in_production:
        return [ok("NASA", "Not asked: without NASA_API_KEY a stand-in answers in development.")]
    async with AsyncExitStack() as stack:
        calls = await asyncio.gather(
            *[_ask(settings, name, stack) for name in settings.apod_sources]
        )
    findings = list(outcomes(calls))
    findings += skew(settings, calls)
    if settings.image_proxy == "on":
        records = [made.record for made in calls if made.record]
        findings.append(await picture(settings, records))
    return findings


async def _ask(settings: Settings, name: str, stack: AsyncExitStack) -> Call:
    client = await stack.enter_async_context(open_client())
    upstream = Upstream(name, client, Quota(name, time.time))
    return await call(name, _source(settings, upstream), client)


def _source(settings: Settings, upstream: Upstream) -> Api:
    if upstream.name == "science":
        return ScienceSource(upstream, base_url=settings.nasa_science_base_url)
    assert settings.nasa_api_key is not None  # noqa: S101  (the caller has looked)
    key = NasaKey(settings.nasa_api_key, settings.nasa_api_key_in)
    return LegacySource(upstream, base_url=settings.nasa_api_base_url, key=key)


def outcomes(calls: list[Call]) -> Iterator[Finding]:
    """Say what came of each call. A source may fail where another answers, but a key may not."""
    has_answer = any(made.record for made in calls)
    for made in calls:
        if made.failure is None:
            yield from _answered(made)
            continue
        is_borne = has_answer and not isinstance(made.failure, SourceRefusedError)
        make = warning if is_borne else failed
        yield make(made.name, _failure(made, made.failure), ADVICE[made.failure.outcome])


def _answered(made: Call) -> Iterator[Finding]:
    assert made.record is not None  # noqa: S101  (there was no failure)
    told = f"Answered in {made.seconds:.2f} s, with the picture of {made.record.day}{_quota(made)}."
    expected = freshness.latest_published(made.asked_at)
    if made.record.day < expected:
        yield warning(
            made.name,
            f"{told} That of {expected} should be out.",
            "NASA may be late; of the old API it may be the end. Keep science in APOD_SOURCES.",
        )
    elif made.remaining is not None and made.limit and made.remaining < made.limit // 10:
        yield warning(made.name, told, ADVICE["over_quota"])
    else:
        yield ok(made.name, told)


def _quota(made: Call) -> str:
    if made.remaining is None or made.limit is None:
        return ""
    return f"; {made.remaining:,} of {count_of(made.limit, 'call')} are left this hour"


def _failure(made: Call, failure: SourceError) -> str:
    wait = failure.retry_after_seconds
    again = f" Asked again, it will answer in {_duration(wait)} at the earliest." if wait else ""
    return f"{failure.outcome} after {made.seconds:.1f} s: {failure}{_quota(made)}.{again}"


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else count_of(round(seconds / 60), "minute")


def skew(settings: Settings, calls: list[Call]) -> list[Finding]:
    """Compare the clock with NASA's, by the answer that agrees best."""
    told = [clocks.skew(made.date, made.asked_at, made.answered_at) for made in calls]
    known = [seconds for seconds in told if seconds is not None]
    return [clocks.compared(settings, min(known, key=abs))] if known else []
