"""What nobody has caught, told without its text; in the main thread it ends the process.

Python would print that, and it may quote a URL, a header or a token: see `edge.logs`.
"""

import sys
import threading
from types import TracebackType


def tell(error: BaseException) -> None:
    """Say on stderr what it is and where it went through."""
    from edge import log_fields  # noqa: PLC0415  (a command's help is not to wait for it)

    kind, places = log_fields.summary(error)
    where = ", ".join(places) or "a library"
    print(f"This is a defect: {kind} at {where}. Please report it.", file=sys.stderr)  # noqa: T201


def take_over() -> None:
    """Let this process say no more of any exception that is not caught, in whichever thread."""

    def in_main_thread(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            tell(error)
        else:  # Ctrl-C
            sys.__excepthook__(kind, error, trace)

    def anywhere(unhandled: "threading.ExceptHookArgs | sys.UnraisableHookArgs") -> None:
        if unhandled.exc_value is not None:
            tell(unhandled.exc_value)

    def in_thread(unhandled: threading.ExceptHookArgs) -> None:
        if unhandled.exc_type is not SystemExit:  # by which a thread may end
            anywhere(unhandled)

    sys.excepthook = in_main_thread
    threading.excepthook = in_thread
    sys.unraisablehook = anywhere
