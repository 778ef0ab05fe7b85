"""Every path that the service has, and many that it has not, as they stand in a request line."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.routing import Route

from astropiks.apps import create_app
from edge.settings import Settings

PUBLIC = ("/livez", "/readyz", "/openapi.json", "/docs")
"""All that answers without a token."""

OWN_TOKEN = "/metrics"
"""Answers for a token of its own, and is refused by itself without."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "SEARCH")

PARAMETER = re.compile(r"\{\w+(?::path)?\}")

UNKNOWN = (
    "/", "/unknown", "/admin", "/.env", "/.git/config", "/metrics/", "/v1/planetary/apod",
    "/v1/api.nasa.gov/planetary/apod", "/V2/api.nasa.gov/planetary/apod", "/v2", "/v2/",
    "/v2/api.nasa.gov", "/v2/other.test/x", "/v2/127.0.0.1/x", "/v2/169.254.169.254/latest",
    "/standin/conditions", "/console", "/neo", "/planetary", "/apod", "/attestation", "/static/x",
    "/favicon.ico", "/robots.txt", "/debug", "/wp-login.php", "/secrets.json", "/livez2",
)  # fmt: skip

DISGUISES = (
    "/{}", "//{}", "/./{}", "/../{}", "/x/../{}", "/%2e/{}", "/%2e%2e/{}", "/.%2e/{}", "/%2f{}",
    "/livez/../{}", "/livez/%2e%2e/{}", "/livez/..%2f{}", "/livez%2f..%2f{}", "/livez;/../{}",
    "/livez//{}", "/docs/../{}", "/openapi.json/../{}", "/livez\\..\\{}", "/livez%5c..%5c{}",
    "/livez%00/{}", "/{}%00", "/{}%00/livez", "/{}/", "/{}//", "/{}/.", "/{}/..", "/{};x",
    "/{};x=/livez", "/{}%20", "/%20{}", "/{}%3fx", "/{}%23", "/{}?/livez", "/{}?x=/../livez",
    "/{}#/livez", "/{}.json", "/{}~", "/v2/{}", "/V2/{}", "/v2//{}", "//v2/{}", "/v2/%2e%2e/{}",
    "/v2/api.nasa.gov/../{}", "/v2/api.nasa.gov/{}", "/v2/api.nasa.gov%2f{}", "/{}/livez",
    "/{}/../livez", "http://other.test/{}", "https://user@other.test:9/{}", "http://livez/{}",
    "*/{}", "/%c0%ae%c0%ae/{}", "/%252e%252e/{}", "/%u002e/{}", "/%/{}", "/{}%",
)  # fmt: skip


def routes(settings: Settings) -> list[Route]:
    """Give those of the application that these settings make, as its router has them."""
    layer: object = create_app(settings).app
    while not isinstance(layer, Starlette):
        layer = getattr(layer, "_app")  # noqa: B009  (each layer calls the next one so)
    return [route for route in layer.routes if isinstance(route, Route)]


def paths(settings: Settings) -> list[str]:
    """Give a path for each route."""
    return [PARAMETER.sub("x", route.path) for route in routes(settings)]


def disguised(path: str) -> Iterator[str]:
    """Give targets that a careless reader may take for *path*, or not for it."""
    rest = path.removeprefix("/")
    for form in DISGUISES:
        yield form.format(rest)
    if rest:
        yield f"/%{ord(rest[0]):02x}{rest[1:]}"
        yield f"/{rest.upper()}"
        yield "/" + "".join(f"%{ord(one):02X}" for one in rest)


def is_public(target: str) -> bool:
    """Tell whether a target names a public path (RFC 9112 section 3.2)."""
    path = re.split(r"[?#]", re.sub(r"^https?://[^/]*", "", target))[0]
    return unquote(path) in PUBLIC
