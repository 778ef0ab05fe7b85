"""Which of our routes a path belongs to, before any router has seen it."""

from collections.abc import Iterable

from starlette.routing import Route


class KnownPaths:
    """The paths of some routes: exact ones, and those whose end is a parameter."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        templates = [route.path for route in routes]
        self._exact = frozenset(path for path in templates if "{" not in path)
        self._prefixes = {path.partition("{")[0]: path for path in templates if "{" in path}

    def template(self, path: str) -> str | None:
        """Give the template of the route that *path* belongs to, or nothing."""
        if path in self._exact:
            return path
        return next(
            (name for prefix, name in self._prefixes.items() if path.startswith(prefix)), None
        )
