"""The document: everything that one process serves, by its settings."""

import json
import re
from collections.abc import Iterator, Mapping

from astropiks.openapi import apod, files, runtime_secrets, service
from astropiks.openapi.addresses import DOCUMENT, PAGE
from astropiks.openapi.guard import schemes
from astropiks.openapi.headers import HEADERS
from astropiks.openapi.operations import Route
from astropiks.openapi.schemas import SCHEMAS, Json
from astropiks.version import version
from edge import exposition
from edge.settings import Settings

DESCRIPTION = """\
NASA's API for attested Android apps, without an API key in the app. Every path that is not public
answers 401 without a good token, known or not. HEAD answers like GET, without a body. Errors are
`application/problem+json` and carry besides what NASA itself would have sent."""

TAGS = {
    apod.TAG: "NASA's APOD API, as it was: same parameters, same v1 records.",
    files.PICTURES: "NASA's pictures through this service.",
    files.OTHERS: "What `NASA_PASSTHROUGH` lets through, with the key added here.",
    runtime_secrets.TAG: "Keys that must reach the phone, for genuine apps only.",
    service.ATTESTATION: "The same check for other servers.",
    service.OPERATION: "For whoever runs it.",
    service.DESCRIPTION: "What you are reading.",
}


def build(settings: Settings) -> Json:
    """Describe what a process with *settings* serves."""
    routes = [*_routes(settings)]
    paths = {route.path: route.path_item() for route in routes}
    tags = dict.fromkeys(route.tag for route in routes)
    shared = {name: answer for route in routes for name, answer in route.components().items()}
    used = _used({**paths, **shared})
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Astropiks Proxy",
            "version": version(),
            "summary": "NASA's API for attested Android apps.",
            "description": " ".join(DESCRIPTION.split()),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [_server(settings)],
        "tags": [{"name": tag, "description": TAGS[tag]} for tag in tags],
        "paths": paths,
        "components": {
            "securitySchemes": schemes(settings),
            "schemas": _only(SCHEMAS, used["schemas"]),
            "headers": _only(HEADERS, used["headers"]),
            "responses": shared,
        },
    }


def _routes(settings: Settings) -> Iterator[Route]:
    if settings.serves_proxy:
        yield from apod.routes(settings)
        if settings.image_proxy == "on":
            yield from files.picture_routes(settings)
        yield from files.api_routes(settings)
    if settings.serves_secrets:
        yield from runtime_secrets.routes(settings)
    yield from service.attest_routes(settings)
    yield from service.probe_routes()
    if settings.metrics_token is not None:
        yield from service.metrics_routes(exposition.PATH)
    yield from service.description_routes(DOCUMENT, PAGE)


def _server(settings: Settings) -> Json:
    """Give the address of the service, as far as it is known; never one that a client tells."""
    if settings.public_base_url is not None:
        return {"url": settings.public_base_url, "description": "PUBLIC_BASE_URL of this process."}
    if settings.in_production:
        return {"url": "/", "description": "Where this document was got from."}
    return {"url": f"http://127.0.0.1:{settings.port}", "description": "This machine."}


def _used(described: Json) -> Mapping[str, set[str]]:
    """Name the components that are pointed to, and those that these point to."""
    used: dict[str, set[str]] = {"schemas": set(), "headers": set()}
    new: object = described
    while found := re.findall(r'"#/components/(schemas|headers)/([\w-]+)"', json.dumps(new)):
        fresh = [(kind, name) for kind, name in found if name not in used[kind]]
        for kind, name in fresh:
            used[kind].add(name)
        new = [{"schemas": SCHEMAS, "headers": HEADERS}[kind][name] for kind, name in fresh]
    return used


def _only(components: Mapping[str, Json], names: set[str]) -> Json:
    return {name: component for name, component in components.items() if name in names}
