"""The console's own paths, which the gate never sees."""

HOME = "/"

BELOW = "/console/"


def is_own(path: str) -> bool:
    """Tell whether a path is the console's."""
    return path == HOME or path.startswith(BELOW)
