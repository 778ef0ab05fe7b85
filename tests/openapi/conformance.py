"""Answers of the real application, held against its own description."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

from astropiks.openapi.document import build
from astropiks.openapi.samples import resolved
from edge.settings import Settings

Document = Mapping[str, Any]

FRAMING = {"content-type", "date", "connection", "transfer-encoding", "content-length"}
"""Headers that no description speaks of."""


def described(settings: Settings) -> Document:
    """Give the document as a client gets it."""
    document: Document = json.loads(json.dumps(build(settings)))
    return document


def answers(document: Document, path: str, method: str = "get") -> Mapping[str, Any]:
    """Give the described answers of an operation."""
    operation = document["paths"][path][method]
    return {status: resolved(document, answer) for status, answer in operation["responses"].items()}


def examples(document: Document) -> Iterator[tuple[str, str, str, object]]:
    """Give path, status, name and body of every example of an answer to GET."""
    for path in document["paths"]:
        for status, answer in answers(document, path).items():
            for media_type in answer.get("content", {}).values():
                for name, example in media_type.get("examples", {}).items():
                    yield path, status, name, example["value"]


def check(document: Document, path: str, response: httpx.Response, method: str = "get") -> None:
    """See to it that status, media type, body and headers are as described, and nothing else."""
    known = answers(document, path, method)
    assert str(response.status_code) in known
    answer = known[str(response.status_code)]
    _check_headers(document, answer["headers"], response.headers)
    if method == "head" or not answer.get("content"):
        return
    kind = response.headers["Content-Type"].partition(";")[0]
    schema = _of_kind(answer["content"], kind).get("schema", {})
    is_json = kind.endswith("json") and response.headers.get("Content-Encoding") is None
    validate(document, schema, response.json() if is_json else _text(response))


def validate(document: Document, schema: Mapping[str, Any], body: object) -> None:
    """Demand a body of this very schema, without a member that it does not know."""
    if schema:
        components = _closed(document["components"])
        OAS31Validator({**_closed(schema), "components": components}).validate(body)


def _of_kind(content: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    for described_kind in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        if described_kind in content:
            found: Mapping[str, Any] = content[described_kind]
            return found
    raise AssertionError(f"{kind} is not described")


def _text(response: httpx.Response) -> object:
    return response.json() if "json" in response.headers["Content-Type"] else response.text


def _check_headers(document: Document, known: Mapping[str, Any], received: httpx.Headers) -> None:
    headers = {name: resolved(document, header) for name, header in known.items()}
    names = {name.lower() for name in headers}
    assert {name for name in received if name not in names} - FRAMING == set()
    for name, header in headers.items():
        if name not in received:
            assert not header["required"], f"{name} is missing"
            continue
        is_number = header["schema"]["type"] == "integer"
        value = int(received[name]) if is_number else received[name]
        OAS31Validator(header["schema"]).validate(value)


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give a copy by which objects have no members but those described."""
    closed = copy.deepcopy(dict(schema))
    _close(closed)
    return closed


def _close(part: object) -> None:
    if isinstance(part, dict):
        if "properties" in part and part.get("type") == "object":
            part["additionalProperties"] = False
        for inner in part.values():
            _close(inner)
    elif isinstance(part, list):
        for inner in part:
            _close(inner)
