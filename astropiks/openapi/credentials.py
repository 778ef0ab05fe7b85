"""What development's requests bring, so that they pass whatever protections are on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from astropiks.mint import mint
from astropiks.openapi.guard import METRICS, PREFIX, RECIPIENT, SIGNATURE, TOKEN
from astropiks.openapi.samples import BOUND_VALUE, Document, Sample
from astropiks.signer import InstallKey, sign_request

METRICS_TOKEN = "metricsToken"
"""Left empty: the one credential that is not made here, but configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Makes headers for samples of one document.

    Attributes:
        document: what they are samples of.
        base_url: where they are sent.
        origin: scheme and host that the service takes for its own, which are signed.
        secret: HS256 key of tokens.
        now: Unix time in seconds.
        expires_in: seconds for which tokens are good.
        claims: further claims that tokens must have.
        recipient: a value of `Secret-Recipient`.
        install: key by which messages are signed.
        signs: whether they have to be. A token with that key obliges to sign.
    """

    document: Document
    base_url: str
    origin: str
    secret: bytes
    now: float
    expires_in: float
    claims: Mapping[str, str]
    recipient: str
    install: InstallKey
    signs: bool

    def good_until(self) -> datetime:
        """Give the time, in UTC, at which the tokens expire."""
        return datetime.fromtimestamp(self.now + self.expires_in, UTC)

    def variables(self) -> dict[str, str]:
        """Give what is the same in many requests, by the name that it has there."""
        found = {"baseUrl": self.base_url, "token": self._token(self._bound())}
        if RECIPIENT in self._schemes:
            found["sealedToken"] = self._token(self._bound() + self.recipient)
            found["recipient"] = self.recipient
        return found | ({METRICS_TOKEN: ""} if METRICS in self._schemes else {})

    def headers(self, sample: Sample, variables: Mapping[str, str]) -> dict[str, str]:
        """Give the headers of *sample*, with the names of *variables* in double braces.

        A signature is of this request alone, good once, and for some seconds.
        """
        plain = [name for name in sample.security if name not in SIGNATURE]
        found = dict(self._header(name, sample) for name in plain)
        if not self.signs or TOKEN not in plain:
            return found
        covered = {name: _filled(value, variables) for name, value in found.items()}
        url = f"{self.origin}{sample.target}"
        signed = sign_request(self.install, sample.method, url, covered, now=self.now)
        return {name: found.get(name, value) for name, value in signed.items()}

    @property
    def _schemes(self) -> Mapping[str, Any]:
        schemes: Mapping[str, Any] = self.document["components"]["securitySchemes"]
        return schemes

    def _header(self, name: str, sample: Sample) -> tuple[str, str]:
        """Give the header of one security scheme."""
        scheme = self._schemes[name]
        token = "{{sealedToken}}" if RECIPIENT in sample.security else "{{token}}"
        values = {TOKEN: token, RECIPIENT: "{{recipient}}", METRICS: f"{{{{{METRICS_TOKEN}}}}}"}
        prefix = "Bearer" if scheme["type"] == "http" else scheme.get(PREFIX, "")
        value = f"{prefix} {values.get(name, BOUND_VALUE)}".strip()
        return scheme.get("name", "Authorization"), value

    def _bound(self) -> str:
        """Give the values of the headers that tokens are bound to, joined."""
        return BOUND_VALUE * sum(name.startswith("binding-") for name in self._schemes)

    def _token(self, bound: str) -> str:
        return mint(
            self.secret,
            now=self.now,
            expires_in=self.expires_in,
            bind=bound or None,
            more=self.claims,
            install_key=self.install.public if self.signs else None,
        )


def _filled(value: str, variables: Mapping[str, str]) -> str:
    for name, text in variables.items():
        value = value.replace(f"{{{{{name}}}}}", text)
    return value
