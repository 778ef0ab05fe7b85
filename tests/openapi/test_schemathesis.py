"""Schemathesis draws requests from the document, good and bad, and judges what comes back."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis import Case
from schemathesis.specs.openapi.checks import unsupported_method

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.openapi.operations import fill
from astropiks.openapi.runtime_secrets import EXAMPLE
from astropiks.server import serving
from standin.app import StandIn
from tests.conftest import NASA_KEY, SECRET
from tests.openapi import conformance
from tests.openapi.conftest import METRICS_TOKEN, full_settings

CONFIG = {
    "generation": {
        "mode": "all",
        "max-examples": 25,
        "deterministic": True,
        "with-security-parameters": False,
    },
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 304, 416]}},
    "operations": [
        {
            # Which parameters go together, and which days, files and secrets there are, no schema
            # can say.
            "include-path-regex": r"/planetary/apod$|}$",
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 304, 400, 404]}},
        }
    ],
}

ANY_METHOD = "/attest"
"""Paths that begin so are asked by methods, too, that OpenAPI 3.1 has no word for."""


def with_examples() -> dict[str, Any]:
    """Describe everything, and each path with parameters once more with its examples in place.

    Slashes within a parameter are escaped where it is drawn, and what is drawn is rarely there.
    """
    document = dict(conformance.described(full_settings()))
    for path, item in [*document["paths"].items()]:
        parameters = item["get"].get("parameters", [])
        example = fill(path, parameters)
        if example != path:
            rest = [parameter for parameter in parameters if parameter["in"] != "path"]
            name = f"{item['get']['operationId']}-example"
            document["paths"][example] = {
                "get": {**item["get"], "operationId": name, "parameters": rest}
            }
    return document


described = schemathesis.openapi.from_dict(
    with_examples(), config=schemathesis.Config.from_dict(CONFIG)
)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve everything on a real socket, in front of the stand-in."""
    secrets = {"runtime_secrets": {EXAMPLE: "a value"}}
    with serving(StandIn(keys={NASA_KEY}, hourly_limit=1_000_000)) as nasa:
        urls = ("nasa_api_base_url", "nasa_science_base_url", "nasa_image_base_url")
        with serving(create_app(full_settings(**dict.fromkeys(urls, nasa), **secrets))) as url:
            yield url


@described.parametrize()
def test_conformance(case: Case[Any], base_url: str) -> None:
    """Whatever a genuine app sends, it gets what is described, and never a defect."""
    headers = {"Approov-Token": mint(SECRET, now=time.time())}
    if case.path == "/metrics":
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    excluded = [unsupported_method] if case.path.startswith(ANY_METHOD) else []
    case.call_and_validate(base_url=base_url, headers=headers, excluded_checks=excluded)
