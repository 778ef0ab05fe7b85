"""What NASA's stand-in has out last, whatever the day."""

from datetime import timedelta

from standin import archive
from standin.app import StandIn
from standin.calendar import latest_published


def be_late_but_for_a_picture(app: StandIn) -> None:
    """Let NASA be late with what is no picture, so that its latest is one on any day."""
    day = latest_published(app.clock())
    while archive.record(day)["media_type"] != "image":
        app.conditions.missing_days.add(day)
        day -= timedelta(days=1)
