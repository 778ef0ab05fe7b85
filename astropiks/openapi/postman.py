"""Requests as a collection for Postman, format 2.1."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from astropiks.openapi.credentials import Credentials
from astropiks.openapi.samples import Document, Sample
from astropiks.openapi.schemas import Json

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
"""Names the format."""

TEST = 'pm.test("answers {status}", () => pm.response.to.have.status({status}));'


def collection(document: Document, samples: Sequence[Sample], credentials: Credentials) -> str:
    """Write the collection as JSON: a folder for each group, and a test of each status."""
    variables = credentials.variables()
    folders = [
        {
            "name": tag["name"],
            "description": tag["description"],
            "item": [
                _item(sample, credentials.headers(sample, variables))
                for sample in samples
                if sample.tag == tag["name"]
            ],
        }
        for tag in document["tags"]
    ]
    written = {
        "info": {
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "item": folders,
        "variable": [{"key": name, "value": value} for name, value in variables.items()],
    }
    return json.dumps(written, indent=2, ensure_ascii=False)


def _item(sample: Sample, headers: Mapping[str, str]) -> Json:
    return {
        "name": sample.title,
        "request": {
            "method": sample.method,
            "header": [{"key": name, "value": value} for name, value in headers.items()],
            "url": _url(sample.target),
        },
        "response": [],
        "event": [
            {
                "listen": "test",
                "script": {
                    "type": "text/javascript",
                    "exec": [TEST.format(status=sample.status)],
                },
            }
        ],
    }


def _url(target: str) -> Json:
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    return {
        "raw": f"{{{{baseUrl}}}}{target}",
        "host": ["{{baseUrl}}"],
        "path": path.removeprefix("/").split("/"),
        **({"query": [{"key": key, "value": value} for key, value in pairs]} if pairs else {}),
    }
