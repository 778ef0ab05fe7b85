"""What API Gateway asks an authorizer: four shapes of event, read as one kind of question.

Whatever JSON comes in, a question comes out; one without a token, if need be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from attestation.request import HttpRequest

Kind = Literal["http-2.0", "http-1.0", "rest"]
"""Which answers are understood: of an HTTP API by its payload version, or of a REST API."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether a request may pass.

    Attributes:
        kind: of the API that asks.
        arn: of the route that is asked for; empty if there is none.
        request: what is known of it: its head, without what only message signatures need.
    """

    kind: Kind
    arn: str
    request: HttpRequest


def parse(event: object, token_header: str) -> Question:
    """Read *event*; the token that a TOKEN event holds becomes the header *token_header*."""
    members = _object(event)
    kind = _kind(members)
    if kind == "rest" and members.get("type") == "TOKEN":
        headers = _header(token_header, members.get("authorizationToken"))
    else:
        headers = _headers(members)
    arn = members.get("routeArn" if kind == "http-2.0" else "methodArn")
    return Question(
        kind=kind,
        arn=arn if isinstance(arn, str) else "",
        request=HttpRequest(method="", origin="", path="/", query=None, headers=tuple(headers)),
    )


def _kind(members: Mapping[str, Any]) -> Kind:
    """Only HTTP APIs say a version."""
    if "version" not in members:
        return "rest"
    return "http-2.0" if members["version"] == "2.0" else "http-1.0"


def _headers(members: Mapping[str, Any]) -> Iterator[Header]:
    """Give every header field, each as often as it was sent, as far as the event tells.

    `headers` has one value of each: of those that were sent more than once, it is the last in the
    events of REST APIs, which list all of them in `multiValueHeaders`, and all of them with commas
    between them in payload 2.0. These are not taken apart, since single values hold commas, too:
    no token has one, so joined tokens are refused, and joined values have another hash.
    """
    lists = _object(members.get("multiValueHeaders"))
    listed = {_name(name) for name in lists}
    for name, values in lists.items():
        for value in values if isinstance(values, list) else ():
            yield from _header(name, value)
    for name, value in _object(members.get("headers")).items():
        if _name(name) not in listed:
            yield from _header(name, value)


def _header(name: str, value: object) -> Iterator[Header]:
    if isinstance(value, str):
        yield _name(name), _bytes(value)


def _name(name: str) -> bytes:
    """Lower ASCII letters alone: `str.lower` makes an ASCII letter of the Kelvin sign."""
    return _bytes(name).lower()


def _bytes(text: str) -> bytes:
    """Encode any text that JSON can hold, halves of surrogate pairs as well."""
    return text.encode("utf-8", "surrogatepass")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
