"""Structured fields (RFC 8941) of message signatures. The only module that imports `http_sf`."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import http_sf

from attestation.errors import MalformedMessageSignatureError
from attestation.request import HttpRequest

MAX_FIELD_BYTES = 16 * 1024


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
    return {label: _signature_input(label, value, received) for label, value in members.items()}


def byte_sequences(request: HttpRequest, name: str) -> dict[str, bytes]:
    """Read a dictionary of byte sequences, by label: `Signature` or `Content-Digest`.

    Strings of base64 are read as well, which the service layer for OkHttp 3.5.2 to 3.5.6 sends.

    Raises:
        MalformedMessageSignatureError: it is none.
    """
    received, members = _dictionary(request, name)
    return {label: _bytes(name, label, value, received) for label, (value, _) in members.items()}


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


def _signature_input(label: str, value: Any, received: str) -> SignatureInput:  # noqa: ANN401
    covered, parameters = value
    if not isinstance(covered, list):
        raise MalformedMessageSignatureError("a signature input is no list of components")
    text = http_sf.ser({label: value}).removeprefix(f"{label}=")
    # The base holds the text as received, and RFC 9421 section 2.5 wants it canonical: where the
    # two differ, a signer and a verifier may well disagree on what was signed.
    if f"{label}={text}" not in received:
        raise MalformedMessageSignatureError("a signature input is not written canonically")
    components = tuple(_component(name, params) for name, params in covered)
    return SignatureInput(components=components, parameters=parameters, text=text)


def _component(name: object, parameters: Mapping[str, Any]) -> Component:
    if type(name) is not str or name != name.lower():
        raise MalformedMessageSignatureError("a component is no lower-case string")
    return Component(name, parameters, http_sf.ser((name, dict(parameters))))


def _bytes(name: str, label: str, value: object, received: str) -> bytes:
    """Take a byte sequence, or a string of base64, in its one canonical spelling."""
    decoded = value
    if type(value) is str:
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            decoded = None
    if isinstance(decoded, bytes):
        text = base64.b64encode(decoded).decode("ascii")
        if f"{label}=:{text}:" in received or f'{label}="{text}"' in received:
            return decoded
    raise MalformedMessageSignatureError(f"a member of {name} is no canonical byte sequence")
