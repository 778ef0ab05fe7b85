"""The signature base: the text that an HTTP message signature signs (RFC 9421 section 2.5)."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote

from attestation.fields import Component, SignatureInput
from attestation.request import HttpRequest
from attestation.request_errors import MalformedMessageSignatureError

QUERY_PARAM: Final = "@query-param"


MAX_QUERY_FIELDS = 200


def build(request: HttpRequest, signed: SignatureInput) -> list[bytes]:
    """Give the bases of *signed* over *request*: one for each way of writing its address.

    They hold the token and are never to be logged.

    Raises:
        MalformedMessageSignatureError: a component is unknown, repeated or absent.
    """
    identifiers = [component.identifier for component in signed.components]
    if len(set(identifiers)) != len(identifiers):
        raise MalformedMessageSignatureError("a component is covered twice")
    query = _query(request) if any(c.name == QUERY_PARAM for c in signed.components) else {}
    values = [_value(request, component, query) for component in signed.components]
    return [
        "\n".join(
            [
                *(
                    f"{identifier}: {target_uri if value is None else value}"
                    for identifier, value in zip(identifiers, values, strict=True)
                ),
                f'"@signature-params": {signed.text}',
            ]
        ).encode("latin-1")
        for target_uri in request.target_uris()
    ]


def _value(
    request: HttpRequest, component: Component, query: Mapping[str, list[str]]
) -> str | None:
    """Give a component's value; None stands for the address, which has several forms."""
    if component.name == QUERY_PARAM:
        return _query_param(query, component.parameters)
    if component.parameters:
        raise MalformedMessageSignatureError("a component has parameters, which are not known here")
    if component.name == "@target-uri":
        return None
    derive = DERIVED.get(component.name)
    if derive is not None:
        return derive(request)
    if component.name.startswith("@"):
        raise MalformedMessageSignatureError("a derived component is unknown")
    return _header(request, component.name)


def _header(request: HttpRequest, name: str) -> str:
    """Combine a header's values (section 2.1): trimmed, and joined by a comma and a blank."""
    values = request.values(name) if name.isascii() else []
    if not values:
        raise MalformedMessageSignatureError("a covered header is absent")
    return ", ".join(value.decode("latin-1").strip(" \t") for value in values)


def _query(request: HttpRequest) -> dict[str, list[str]]:
    """Read the query once, names and values encoded anew (section 2.2.8)."""
    try:
        pairs = parse_qsl(
            request.query or "", keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS
        )
    except ValueError:
        raise MalformedMessageSignatureError("the query has too many parameters") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(quote(name, safe=""), []).append(quote(value, safe=""))
    return values


def _query_param(query: Mapping[str, list[str]], parameters: Mapping[str, object]) -> str:
    """Give the one value of a query parameter."""
    values = query.get(str(parameters.get("name")), [])
    if set(parameters) != {"name"} or len(values) != 1:
        raise MalformedMessageSignatureError("a covered query parameter is absent or repeated")
    return values[0]


DERIVED: Mapping[str, Callable[[HttpRequest], str]] = {
    "@method": lambda request: request.method,
    "@authority": lambda request: request.authority,
    "@scheme": lambda request: request.scheme,
    "@request-target": lambda request: request.target,
    "@path": lambda request: request.path,
    "@query": lambda request: f"?{request.query or ''}",
}
"""Section 2.2, but for `@target-uri` and `@query-param`, and `@status`, which requests lack."""
