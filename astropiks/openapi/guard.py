"""What gate and limits mean for an operation: what it wants of a request, and how it refuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from astropiks import demands
from astropiks.openapi.answers import Answer
from astropiks.openapi.schemas import Json
from attestation.errors import AttestationError, MissingTokenError, SignatureError
from attestation.signing import Mode
from edge.gate import Refusals
from edge.problems import Problem
from edge.settings import Settings

TOKEN, RECIPIENT, METRICS = "token", "recipient", "metrics-token"
SIGNATURE = ("signature-input", "signature")

SIGNATURES: Mapping[Mode, list[list[str]]] = {
    "off": [[]],
    "if-present": [[], [*SIGNATURE]],
    "required": [[*SIGNATURE]],
}

NO_TOKEN = "no token"
"""Name of the example of a refusal."""

PREFIX = "x-prefix"
"""What stands before the value of a header, which OpenAPI has no word for outside `http`."""

Requirement = dict[str, list[str]]

LIMITED = ("RateLimit", "RateLimit-Policy")


def schemes(settings: Settings) -> dict[str, Json]:
    """Give every security scheme that the settings ask for."""
    found = {TOKEN: _token_scheme(settings)}
    for number, name in enumerate(settings.approov_binding_headers, 1):
        text = "A header that the token is bound to: its `pay` claim is the SHA-256 of the value"
        found[f"binding-{number}"] = _header_scheme(
            name, f"{text}, or of those of all such headers, joined in this order."
        )
    if settings.serves_secrets:
        found[RECIPIENT] = _header_scheme(
            demands.RECIPIENT,
            "P-256 public key as DER SubjectPublicKeyInfo in base64url without padding, 122 "
            "characters: the secret comes sealed for it. The token has to be bound to this very "
            "text, after the values of other binding headers.",
        )
    if settings.approov_message_signing != "off":
        text = "HTTP message signature over method, address and token (RFC 9421), as Approov's"
        for name in SIGNATURE:
            title = "-".join(word.capitalize() for word in name.split("-"))
            found[name] = _header_scheme(title, f"{text} service layer makes it. Good once.")
    if settings.metrics_token is not None:
        text = "METRICS_TOKEN of this process."
        found[METRICS] = {"type": "http", "scheme": "bearer", "description": text}
    return found


def _token_scheme(settings: Settings) -> Json:
    name, prefix = settings.approov_header_name, settings.approov_header_prefix
    text = "The token that the Approov SDK fetches for this host, a signed JWT."
    if name.lower() == "authorization" and prefix.lower() == "bearer":
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}
    if not prefix:
        return _header_scheme(name, text)
    scheme = _header_scheme(name, f"{text} It stands after `{prefix}` and a blank.")
    return {**scheme, PREFIX: prefix}


def _header_scheme(name: str, description: str) -> Json:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before the operations of one kind.

    Attributes:
        settings: of the process.
        is_proxy: whether `APPROOV_ENFORCEMENT` is about it.
        is_sealable: whether it answers sealed to a `Secret-Recipient`.
        told: names of the headers that a refusal has besides.
    """

    settings: Settings
    is_proxy: bool = False
    is_sealable: bool = False
    told: tuple[str, ...] = ()

    @property
    def is_enforced(self) -> bool:
        """Whether anything is refused."""
        return not (self.is_proxy and self.settings.approov_enforcement == "monitor")

    def security(self) -> list[Requirement]:
        """Give the sets of headers of which a request has to bring one, the usual one first."""
        settings = self.settings
        names = [f"binding-{n + 1}" for n in range(len(settings.approov_binding_headers))]
        bindings = [names]
        if names and settings.approov_missing_binding == "allow":
            bindings.append([])
        recipients = [[], [RECIPIENT]] if self.is_sealable else [[]]
        signatures = SIGNATURES[settings.approov_message_signing]
        sets = [
            dict.fromkeys([TOKEN, *binding, *recipient, *signature])
            for signature, binding, recipient in product(signatures, bindings, recipients)
            if binding or not (names and recipient)  # a sealed one is bound to all of them
        ]
        requirements: list[Requirement] = [{name: [] for name in one} for one in sets]
        return requirements if self.is_enforced else [*requirements, {}]

    def answers(self, path: str) -> Iterator[Answer]:
        """Give the refusals for *path*."""
        if self.is_enforced:
            yield from self._refusals(path)
        is_limited = self.settings.rate_limit_rejected != "off" and self.is_enforced
        if self.limited() or is_limited:
            answer = _too_many(path)
            yield replace(answer, headers=(*answer.headers, *self.limited()))

    def limited(self) -> tuple[str, ...]:
        """Name the headers by which answers tell of the device's limit."""
        return () if self.settings.rate_limit_device == "off" else LIMITED

    def _refusals(self, path: str) -> Iterator[Answer]:
        settings = self.settings
        refusals = Refusals(settings.approov_status_missing, settings.approov_status_invalid)
        text = "The request is not proved to come from a genuine app; why is in the log alone."
        cases: dict[str, AttestationError] = {NO_TOKEN: MissingTokenError("")}
        if refusals.missing != refusals.invalid:
            cases["bad token"] = SignatureError("")
        for shows, refusal in cases.items():
            answer = Answer.of_problem(refusals.problem(refusal), path, shows, text)
            yield replace(answer, headers=(*answer.headers, *self.told))


def _too_many(path: str) -> Answer:
    message = "Too many requests. Try again in 60 seconds."
    problem = Problem.of_gateway(429, "OVER_RATE_LIMIT", message, {"Retry-After": "60"})
    text = "Too many requests of this device, or too many refused ones from this address."
    return Answer.of_problem(problem, path, "over the limit", text)
