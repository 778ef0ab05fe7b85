"""The fragments for Azure API Management, and what their expressions mean."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import Element, parse

from tests.conftest import SECRET
from tests.gateways.apim_model import (
    HOST,
    Answer,
    Context,
    Jwt,
    Meanings,
    Send,
    read_object,
    run,
    unreachable,
)
from tests.gateways.verdicts import Ask, Fields, Verdict

FOLDER = Path(__file__).parents[2] / "gateways" / "azure_api_management"

PREVIOUS_SECRET = b"the secret before that one: 64 bytes that nobody uses any more.."

NAMED_VALUES: Mapping[str, str] = {
    "approov-secret": base64.b64encode(SECRET).decode(),
    "approov-secret-previous": base64.b64encode(PREVIOUS_SECRET).decode(),
    "approov-attest-url": "http://proxy.test/attest",
}

CANNOT: Mapping[str, Verdict] = {
    # JObject and validate-jwt take the last of equal members, and expressions may use no reader
    # that refuses them. Only who holds the secret can make such a token.
    "a member twice": "accepted",
}


TOKEN_FORM = re.compile(
    r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII
)


def _is_malformed(context: Context) -> bool:
    token = context.joined("Approov-Token")
    return len(token) > 8192 or not TOKEN_FORM.fullmatch(token)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_of_another_kind(context: Context) -> bool:
    head, body, _ = context.joined("Approov-Token").split(".")
    header, claims = read_object(head), read_object(body)
    beginning = claims.get("nbf")
    return (
        str(header.get("alg")) != "HS256"
        or str(header.get("typ", "JWT")).upper() != "JWT"
        or "crit" in header
        or "b64" in header
        or "exp" not in claims
        or not _is_number(claims["exp"])
        or claims["exp"] >= 253402300800
        or ("nbf" in claims and not _is_number(beginning))
        or (beginning is not None and beginning > int(time.time()))
    )


def _is_unbound(context: Context) -> bool:
    values = context.headers.get("authorization", [])
    if len(values) != 1 or not values[0]:
        return True
    jwt = context.variables.get("approov-jwt")
    pay = jwt.claims.get("pay", "") if isinstance(jwt, Jwt) else None
    return base64.b64encode(hashlib.sha256(values[0].encode()).digest()).decode() != pay


def _verdict(context: Context) -> int:
    answer = context.variables.get("approov-verdict")
    return answer.status if isinstance(answer, Answer) else 0


def _device(context: Context) -> str:
    answer = context.variables["approov-verdict"]
    assert isinstance(answer, Answer)
    return answer.headers.get("x-attestation-device", "")


def _is_there(name: str) -> Callable[[Context], str]:
    return lambda context: "override" if name.lower() in context.headers else "delete"


def _of_header(name: str) -> Callable[[Context], str]:
    return lambda context: context.joined(name)


OPTIONAL_HEADERS = (
    "Authorization",
    "Signature",
    "Signature-Input",
    "Content-Digest",
    "Content-Type",
    "Approov-TraceID",
    "Approov-Status",
)

EXPRESSIONS: Meanings = {
    '@(context.Request.Headers.GetValueOrDefault("Approov-Token", "").Length > 8192 || '
    '!Regex.IsMatch( context.Request.Headers.GetValueOrDefault("Approov-Token", ""), '
    r'@"\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\z"))': _is_malformed,
    '@{ var parts = context.Request.Headers.GetValueOrDefault("Approov-Token", "").Split(\'.\')'
    ".Take(2) .Select(part => part.Replace('-', '+').Replace('_', '/')) "
    ".Select(part => part.PadRight((part.Length + 3) / 4 * 4, '=')) "
    ".Select(part => JObject.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(part)))) "
    ".ToArray(); var header = parts[0]; "
    'var expiry = parts[1]["exp"]; var beginning = parts[1]["nbf"]; '
    "var numbers = new[] { JTokenType.Integer, JTokenType.Float }; "
    'return header["alg"]?.ToString() != "HS256" '
    '|| (header["typ"] ?? "JWT").ToString().ToUpperInvariant() != "JWT" '
    '|| header["crit"] != null || header["b64"] != null '
    "|| expiry == null || !numbers.Contains(expiry.Type) || (double)expiry >= 253402300800 "
    "|| (beginning != null && !numbers.Contains(beginning.Type)) "
    "|| (beginning != null && (double)beginning > DateTimeOffset.UtcNow.ToUnixTimeSeconds()); "
    "}": _is_of_another_kind,
    "@{ string[] values; "
    'return !context.Request.Headers.TryGetValue("Authorization", out values) '
    "|| values.Length != 1 || values[0].Length == 0 "
    "|| Convert.ToBase64String(System.Security.Cryptography.SHA256.Create()"
    ".ComputeHash(Encoding.UTF8.GetBytes(values[0]))) "
    '!= context.Variables.GetValueOrDefault<Jwt>("approov-jwt", null)?'
    '.Claims.GetValueOrDefault("pay", ""); }': _is_unbound,
    '@(context.Variables.GetValueOrDefault<IResponse>("approov-verdict", null)?'
    ".StatusCode == 204)": lambda context: _verdict(context) == 204,
    "@(new[] { 400, 401, 403 }.Contains("
    'context.Variables.GetValueOrDefault<IResponse>("approov-verdict", null)?'
    ".StatusCode ?? 0))": lambda context: _verdict(context) in {400, 401, 403},
    "@(context.Request.Method)": lambda context: context.method,
    "@(context.Request.OriginalUrl.Path + context.Request.OriginalUrl.QueryString)": (
        lambda context: context.path + context.query_string
    ),
    "@(context.Request.OriginalUrl.Scheme)": lambda _: "https",
    "@(context.Request.OriginalUrl.Host)": lambda _: HOST,
    "@(context.Request.IpAddress)": lambda context: context.address,
    '@(context.Variables.GetValueOrDefault<IResponse>("approov-verdict", null)'
    '.Headers.ContainsKey("X-Attestation-Device") ? "override" : "delete")': (
        lambda context: "override" if _device(context) else "delete"
    ),
    '@(context.Variables.GetValueOrDefault<IResponse>("approov-verdict", null)'
    '.Headers.GetValueOrDefault("X-Attestation-Device", ""))': _device,
    **{
        f'@(context.Request.Headers.ContainsKey("{name}") ? "override" : "delete")': _is_there(name)
        for name in OPTIONAL_HEADERS
    },
    **{
        f'@(context.Request.Headers.GetValueOrDefault("{name}", ""))': _of_header(name)
        for name in ("Approov-Token", *OPTIONAL_HEADERS)
    },
}
"""What the C# of each expression means, said once more."""


def load(name: str) -> Element:
    """Read one of the fragments."""
    return parse(FOLDER / f"{name}.xml").getroot()  # noqa: S314  (our own files)


def received(
    fields: Fields,
    *,
    method: str = "GET",
    target: str = "/x?y=z",
    send: Send = unreachable,
    named_values: Mapping[str, str] = NAMED_VALUES,
) -> Context:
    """Be a request that the gateway has received."""
    return Context(
        fields,
        method=method,
        target=target,
        send=send,
        named_values=named_values,
        meanings=EXPRESSIONS,
    )


def decide(
    fields: Fields,
    *names: str,
    method: str = "GET",
    target: str = "/x?y=z",
    send: Send = unreachable,
) -> Answer | None:
    """Send a request through fragments."""
    policies = [policy for name in names for policy in load(name)]
    return run(policies, received(fields, method=method, target=target, send=send))


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:  # noqa: ARG001
    """Include one fragment, or both, in an API's inbound policies."""
    names = ("approov-token", "approov-binding") if is_bound else ("approov-token",)

    def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
        answer = decide(fields, *names, method=method, target=target)
        return "accepted" if answer is None else "refused"

    yield ask
