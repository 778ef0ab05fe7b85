"""The clock, on which every token's expiry depends."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from astropiks.doctor.finding import Finding, failed, ok, warning
from edge.settings import Settings

YEARS = range(2026, 2100)
"""In which this can be running."""

NEAR_SECONDS = 5.0

FAR_SECONDS = 60.0
"""A fifth of what Approov's tokens live."""

NTP = "Set it by NTP: timedatectl set-ntp true"


def clock(now: float) -> Finding:
    """Say whether Unix time *now* can be the present at all."""
    moment = datetime.fromtimestamp(now, UTC)
    if moment.year not in YEARS:
        return failed(
            "clock", f"It says {moment:%F}: every token looks expired, or far from it.", NTP
        )
    return ok("clock", f"It says {moment:%F %T} UTC.")


def skew(date: str, asked_at: float, answered_at: float) -> float | None:
    """Give the seconds by which this machine's clock is ahead of who sent a `Date` header.

    It has whole seconds, and was written at some time between question and answer: what can be
    explained by these counts as none.
    """
    try:
        told = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    if asked_at > told + 1:
        return asked_at - told - 1
    return min(0.0, answered_at - told)


def compared(settings: Settings, seconds: float) -> Finding:
    """Say what it does that this machine's clock is so many *seconds* ahead of NASA's."""
    size, way = abs(seconds), "ahead of" if seconds > 0 else "behind"
    near = NEAR_SECONDS
    if settings.approov_message_signing != "off":
        near = min(near, settings.approov_signature_skew_seconds)
    if size <= near:
        return ok("clock", "It agrees with NASA's.")
    effect = "good tokens are refused as expired" if seconds > 0 else "expired tokens pass"
    if settings.approov_message_signing != "off":
        effect += ", and message signatures are refused"
    sentence = f"It is {size:.0f} seconds {way} NASA's: {effect}."
    make = failed if size > FAR_SECONDS else warning
    return make("clock", sentence, f"{NTP}. APPROOV_LEEWAY_SECONDS allows for a little.")
