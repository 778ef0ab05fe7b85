"""A model of the gateway of Azure API Management, which runs nowhere but in Azure.

It knows the elements that our fragments use, and no other. Where Microsoft's reference is silent
about a token, the model's `validate-jwt` lets it pass, so that each refusal rests on what is
documented or on an expression of ours. An expression is evaluated by what its exact text is said to
mean: a changed one has no meaning here, and every test that needs it fails.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from tests.gateways.apim_language import EXPRESSION, NAMED_VALUE, one_line
from tests.gateways.verdicts import Fields

HOST = "api.example.com"
"""Where clients find the gateway."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway answers itself, or was answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A validated token, as expressions see it."""

    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that the gateway makes itself."""

    url: str
    method: str
    headers: Mapping[str, str]


Send = Callable[[Sent], Answer]


class UnreachableError(Exception):
    """Nobody answers, or not in time."""


def unreachable(_: Sent) -> Answer:
    """Be a network without anybody."""
    raise UnreachableError


class Context:
    """A request on its way through the policies, and what they have found out about it."""

    def __init__(
        self,
        fields: Fields,
        *,
        method: str = "GET",
        target: str = "/",
        send: Send = unreachable,
        named_values: Mapping[str, str],
        meanings: "Meanings",
    ) -> None:
        self.method = method
        self.path, mark, query = target.partition("?")
        self.query_string = mark + query
        self.address = "192.0.2.7"
        self.headers: dict[str, list[str]] = {}
        for name, value in fields:
            self.headers.setdefault(name.lower(), []).append(value.strip(" \t"))
        self.variables: dict[str, object] = {}
        self.send = send
        self._named_values = named_values
        self._meanings = meanings

    def joined(self, name: str) -> str:
        """Give a header's values as `GetValueOrDefault` with an empty text does."""
        return ",".join(self.headers.get(name.lower(), []))

    def text(self, text: str | None) -> str:
        """Fill in named values, and evaluate an expression."""
        filled = NAMED_VALUE.sub(lambda match: self._named_values[match[1]], text or "").strip()
        return str(self.value(filled)) if EXPRESSION.fullmatch(filled) else filled

    def value(self, expression: str) -> object:
        """Evaluate an expression."""
        return self._meanings[one_line(expression)](self)


Meanings = Mapping[str, Callable[[Context], object]]
"""What expressions mean, by their exact text on one line."""


def run(policies: Iterable[Element], context: Context) -> Answer | None:
    """Evaluate policies one after the other, up to the first answer; None goes to the back end."""
    for policy in policies:
        answer = POLICIES[policy.tag](policy, context)
        if answer is not None:
            return answer
    return None


def _choose(policy: Element, context: Context) -> Answer | None:
    for branch in policy:
        if branch.tag == "otherwise" or context.value(branch.attrib["condition"]) is True:
            return run(branch, context)
    return None


def _return_response(policy: Element, context: Context) -> Answer:
    status = policy.find("set-status")
    assert status is not None
    headers = _headers(policy, context)
    return Answer(int(status.attrib["code"]), headers, context.text(policy.findtext("set-body")))


def _headers(policy: Element, context: Context) -> dict[str, str]:
    """Give those that a message gets which has none yet."""
    children = policy.findall("set-header")
    values = {child.attrib["name"]: _header(child, context) for child in children}
    return {name: ",".join(texts) for name, texts in values.items() if texts}


def _header(policy: Element, context: Context) -> list[str]:
    action = context.text(policy.attrib["exists-action"])
    assert action in {"override", "delete"}
    return [context.text(value.text) for value in policy] if action == "override" else []


def _set_header(policy: Element, context: Context) -> None:
    name = policy.attrib["name"].lower()
    context.headers.pop(name, None)
    if values := _header(policy, context):
        context.headers[name] = values


def _send_request(policy: Element, context: Context) -> None:
    assert policy.attrib["mode"] == "new"
    assert policy.attrib["ignore-error"] == "true"
    sent = Sent(
        context.text(policy.findtext("set-url")),
        context.text(policy.findtext("set-method")),
        _headers(policy, context),
    )
    answer: Answer | None
    try:
        answer = context.send(sent)
    except UnreachableError:
        answer = None
    context.variables[policy.attrib["response-variable-name"]] = answer


DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
"""By a symmetric key all of these can be verified, and the policy names no algorithm."""


def _validate_jwt(policy: Element, context: Context) -> Answer | None:
    try:
        claims = _validated(policy, context)
    except (ValueError, KeyError, TypeError):
        status = int(policy.attrib["failed-validation-httpcode"])
        message = policy.attrib["failed-validation-error-message"]
        body = json.dumps({"statusCode": status, "message": message})
        return Answer(status, {"Content-Type": "application/json"}, body)
    texts = {name: str(value) for name, value in claims.items()}
    context.variables[policy.attrib["output-token-variable-name"]] = Jwt(texts)
    return None


def _validated(policy: Element, context: Context) -> Mapping[str, Any]:
    """Give the claims of a token that validate-jwt would let pass, or fail.

    `crit`, `typ` and `nbf` are in no part of the reference, so they are not looked at here.
    """
    for name in ("require-expiration-time", "require-signed-tokens"):
        assert policy.attrib[name] == "true"
    signing_input, _, signature = context.joined(policy.attrib["header-name"]).rpartition(".")
    head, body = signing_input.split(".")
    header: Mapping[str, Any] = read_object(head)
    claims: Mapping[str, Any] = read_object(body)
    digest = DIGESTS[header["alg"]]
    keys = [base64.b64decode(context.text(key.text)) for key in policy.iter("key")]
    if not any(
        hmac.compare_digest(hmac.digest(key, signing_input.encode(), digest), _bytes(signature))
        for key in keys
    ):
        raise ValueError("no key made the signature")
    expiry = claims["exp"]
    moment = float(expiry[0] if isinstance(expiry, list) else expiry)
    if moment + int(policy.attrib["clock-skew"]) <= time.time():
        raise ValueError("expired")
    return claims


def _bytes(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment.rstrip("=") + "=" * (-len(segment.rstrip("=")) % 4))


def read_object(segment: str) -> dict[str, Any]:
    """Read JSON as a lenient library does: the last of equal members counts."""
    value = json.loads(_bytes(segment).decode("utf-8", errors="replace"))
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


POLICIES: Mapping[str, Callable[[Element, Context], Answer | None]] = {
    "choose": _choose,
    "return-response": _return_response,
    "send-request": _send_request,
    "set-header": _set_header,
    "validate-jwt": _validate_jwt,
}
