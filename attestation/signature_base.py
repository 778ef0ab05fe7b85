"""The signature base: the text that an HTTP message signature signs (RFC 9421 section 2.5)."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote

from attestation.errors import MalformedMessageSignatureError
from attestation.fields import Component, SignatureInput
from attestation.request import HttpRequest

QUERY_PARAM: Final = "@query-param"


def build(request: HttpRequest, signed: SignatureInput, target_uri: str) -> bytes:
    """Give the base of *signed* over *request*, whose absolute URI is written as *target_uri*.

    It holds the token and is never to be logged.

    Raises:
        MalformedMessageSignatureError: a component is unknown, repeated or absent.
    """
    identifiers = [component.identifier for component in signed.components]
    if len(set(identifiers)) != len(identifiers):
        raise MalformedMessageSignatureError("a component is covered twice")
    lines = [
        f"{component.identifier}: {_value(request, component, target_uri)}"
        for component in signed.components
    ]
    return "\n".join([*lines, f'"@signature-params": {signed.text}']).encode("latin-1")


def _value(request: HttpRequest, component: Component, target_uri: str) -> str:
    if component.name == QUERY_PARAM:
        return _query_param(request, component.parameters)
    if component.parameters:
        raise MalformedMessageSignatureError("a component has parameters, which are not known here")
    if component.name == "@target-uri":
        return target_uri
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


def _query_param(request: HttpRequest, parameters: Mapping[str, object]) -> str:
    """Give the one value of a query parameter, encoded anew (section 2.2.8)."""
    if set(parameters) != {"name"}:
        raise MalformedMessageSignatureError("@query-param has other parameters than its name")
    pairs = parse_qsl(request.query or "", keep_blank_values=True)
    values = [value for name, value in pairs if quote(name, safe="") == parameters["name"]]
    if len(values) != 1:
        raise MalformedMessageSignatureError("a covered query parameter is absent or repeated")
    return quote(values[0], safe="")


DERIVED: Mapping[str, Callable[[HttpRequest], str]] = {
    "@method": lambda request: request.method,
    "@authority": lambda request: request.authority,
    "@scheme": lambda request: request.scheme,
    "@request-target": lambda request: request.target,
    "@path": lambda request: request.path,
    "@query": lambda request: f"?{request.query or ''}",
}
"""Section 2.2, but for `@target-uri` and `@query-param`, and `@status`, which requests lack."""
