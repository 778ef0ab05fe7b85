"""Parameters of operations."""

from collections.abc import Mapping

from astropiks.openapi.schemas import Json

TEXT: Json = {"type": "string"}


def in_query(
    name: str, description: str, schema: Json, examples: Mapping[str, object] | None = None
) -> Json:
    """Describe a parameter of NASA's, which counts as absent where it is empty."""
    parameter = _parameter(name, "query", description, schema, examples)
    return {**parameter, "allowEmptyValue": True}


def in_header(name: str, description: str, examples: Mapping[str, object] | None = None) -> Json:
    """Describe a header that changes the answer, whatever it is."""
    return _parameter(name, "header", description, TEXT, examples)


def in_path(name: str, description: str, example: str) -> Json:
    """Describe a part of the path."""
    schema = {"type": "string", "minLength": 1}
    parameter = _parameter(name, "path", description, schema, {"path": example})
    return {**parameter, "required": True}


def _parameter(
    name: str, place: str, description: str, schema: Json, examples: Mapping[str, object] | None
) -> Json:
    shown = {key: {"value": value} for key, value in (examples or {}).items()}
    return {
        "name": name,
        "in": place,
        "description": description,
        "schema": schema,
        **({"examples": shown} if shown else {}),
    }


IF_NONE_MATCH = in_header(
    "If-None-Match", "An `ETag` that was got before: 304 if the answer would be the same."
)
