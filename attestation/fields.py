"""Structured fields (RFC 8941) of message signatures. The only module that imports `http_sf`."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import http_sf

from attestation.request import HttpRequest
from attestation.request_errors import MalformedMessageSignatureError

MAX_FIELD_BYTES = 8 * 1024

MAX_COMPONENTS = 32
"""The service layer covers under ten."""

COMMA = re.compile(r"[ \t]*,[ \t]*")


@dataclass(frozen=True, slots=True)
class Component:
    """One covered component: its name, its parameters, and both as they stand in the base."""

    name: str
    parameters: Mapping[str, object]
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureInput:
    """One member of `Signature-Input`.

    Attributes:
        components: what is covered, in order.
        parameters: `created`, `expires`, `alg`, and so on.
        text: the member as received, which is itself part of what was signed.
    """

    components: tuple[Component, ...]
    parameters: Mapping[str, Any]
    text: str = field(repr=False)


def signature_inputs(request: HttpRequest) -> dict[str, SignatureInput]:
    """Read `Signature-Input`, by label.

    Raises:
        MalformedMessageSignatureError: it is no dictionary of inner lists, canonically written.
    """
    received, members = _dictionary(request, "signature-input")
    inputs = {label: _signature_input(label, value) for label, value in members.items()}
    # The base holds the text as received, and RFC 9421 section 2.5 wants it canonical: where the
    # two differ, a signer and a verifier may well disagree on what was signed.
    _demand_canonical("signature-input", received, [[f"{k}={v.text}"] for k, v in inputs.items()])
    return inputs


def byte_sequences(request: HttpRequest, name: str) -> dict[str, bytes]:
    """Read a dictionary of byte sequences, by label: `Signature` or `Content-Digest`.

    Strings of base64 are read as well, which the service layer for OkHttp 3.5.2 to 3.5.6 sends.

    Raises:
        MalformedMessageSignatureError: it is none, or not canonically written.
    """
    received, members = _dictionary(request, name)
    values = {label: _bytes(name, value) for label, (value, _) in members.items()}
    encoded = {label: base64.b64encode(value).decode("ascii") for label, value in values.items()}
    spellings = [[f"{label}=:{text}:", f'{label}="{text}"'] for label, text in encoded.items()]
    _demand_canonical(name, received, spellings)
    return values


def _dictionary(request: HttpRequest, name: str) -> tuple[str, dict[str, Any]]:
    """Parse a dictionary; labels that stand twice make it ambiguous."""
    received = b", ".join(request.values(name))
    if len(received) > MAX_FIELD_BYTES:
        raise MalformedMessageSignatureError(f"{name} is longer than {MAX_FIELD_BYTES} bytes")
    try:
        members: Any = http_sf.parse(received, tltype="dictionary", on_duplicate_key=_refuse)
        text = received.decode("ascii")
    except (http_sf.StructuredFieldError, ValueError):
        raise MalformedMessageSignatureError(f"{name} is no structured dictionary") from None
    return text, members


def _refuse(_key: str, _context: str) -> None:
    raise ValueError("duplicate key")


def _demand_canonical(name: str, received: str, members: list[list[str]]) -> None:
    """Demand that *received* is the *members*, each in one of its spellings, and nothing else."""
    if not _is_written(received, members):
        raise MalformedMessageSignatureError(f"{name} is not written canonically")


def _is_written(received: str, members: list[list[str]]) -> bool:
    """Tell whether it is one spelling of each member, in order; none of them begins another."""
    at = 0
    for spellings in members:
        if at:
            comma = COMMA.match(received, at)
            if comma is None:
                return False
            at = comma.end()
        spelled = next((one for one in spellings if received.startswith(one, at)), None)
        if spelled is None:
            return False
        at += len(spelled)
    return at == len(received)


def _signature_input(label: str, value: Any) -> SignatureInput:  # noqa: ANN401
    covered, parameters = value
    if not isinstance(covered, list) or len(covered) > MAX_COMPONENTS:
        raise MalformedMessageSignatureError("a signature input is no short list of components")
    text = http_sf.ser({label: value}).removeprefix(f"{label}=")
    components = tuple(_component(name, params) for name, params in covered)
    return SignatureInput(components=components, parameters=parameters, text=text)


def _component(name: object, parameters: Mapping[str, Any]) -> Component:
    if type(name) is not str or name != name.lower():
        raise MalformedMessageSignatureError("a component is no lower-case string")
    return Component(name, parameters, http_sf.ser((name, dict(parameters))))


def _bytes(name: str, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if type(value) is str:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise MalformedMessageSignatureError(f"a member of {name} is no byte sequence")
