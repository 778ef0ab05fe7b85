"""Which of our routes a path belongs to, before the router has seen it."""

from collections.abc import Sequence

from starlette.routing import Route


class KnownPaths:
    """The paths of some routes, matched as the router matches them."""

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        self._routes = tuple(routes)

    def template(self, path: str) -> str | None:
        """Give the template of the route that *path* belongs to, or nothing."""
        routes = (route.path for route in self._routes if route.path_regex.match(path))
        return next(routes, None)
