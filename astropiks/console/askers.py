"""Who may ask, and the headers that each of them sends."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from astropiks import demands
from astropiks.mint import Invalid, mint
from astropiks.signer import InstallKey, sign_request
from attestation.claims import Clock
from edge.settings import DevelopmentSettings
from secrets_service.sealing import public_text

TOKEN_SECONDS = 600


class Who(StrEnum):
    """Somebody who asks."""

    GENUINE = "genuine"
    TAMPERED = "tampered"
    NOBODY = "nobody"
    EXPIRED = "expired"
    UNBOUND = "unbound"
    STOLEN = "stolen"


WORDS = {
    Who.GENUINE: ("Genuine app", "A good token, just fetched."),
    Who.TAMPERED: ("Tampered app", "Approov signs its tokens with another key."),
    Who.NOBODY: ("No token", "A script, a browser, a curious person."),
    Who.EXPIRED: ("Expired token", "Kept for a second too long."),
    Who.UNBOUND: ("Unbound token", "Good, but bound to nothing."),
    Who.STOLEN: ("Stolen token", "Good, but bound to somebody else."),
}

INVALID = {Who.TAMPERED: Invalid.SIGNATURE, Who.EXPIRED: Invalid.EXPIRED}

NEEDS_BINDING = frozenset({Who.UNBOUND, Who.STOLEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One asker as the page shows it.

    Attributes:
        who: value of the choice.
        title: a few words.
        text: one sentence.
        is_possible: whether the settings give it a meaning.
    """

    who: Who
    title: str
    text: str
    is_possible: bool


class Askers:
    """All of them, as the settings want it."""

    def __init__(self, settings: DevelopmentSettings, clock: Clock = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._install = InstallKey()

    def choices(self) -> Iterator[Choice]:
        """Give them in the order in which they are shown."""
        settings = self._settings
        can_bind = bool(settings.approov_binding_headers) or settings.serves_secrets
        for who, (title, text) in WORDS.items():
            possible = can_bind or who not in NEEDS_BINDING
            said = text if possible else "Set APPROOV_BINDING_HEADERS, and it means something."
            yield Choice(who=who, title=title, text=said, is_possible=possible)

    def headers(self, who: Who, url: str, recipient: str | None = None) -> dict[str, str]:
        """Give the headers that *who* sends with a ``GET`` of *url*.

        Where no headers are configured that tokens are bound to, an unbound or stolen token shows
        with a key for a sealed secret, to which a token has to be bound in any case.

        Args:
            who: asks.
            url: absolute, without a fragment.
            recipient: the `Secret-Recipient` to send, if any.
        """
        settings = self._settings
        has_headers = bool(settings.approov_binding_headers)
        if recipient is None and not has_headers and who in NEEDS_BINDING:
            recipient = public_text(generate_private_key(SECP256R1()).public_key())
        values = demands.bound_headers(settings, recipient)
        if who is Who.NOBODY:
            return values
        bind = {Who.UNBOUND: None, Who.STOLEN: "somebody else"}.get(who, "".join(values.values()))
        signs = settings.approov_message_signing != "off"
        now = self._clock()
        token = mint(
            settings.secrets[0].secret,
            now=now,
            expires_in=demands.lifetime(settings, TOKEN_SECONDS),
            bind=bind or None,
            install_key=self._install.public if signs else None,
            more=demands.claims(settings),
            invalid=INVALID.get(who),
        )
        sent = demands.header(settings, token)
        if signs:
            sent = sign_request(self._install, "GET", url, sent, now=now)
        return {**sent, **values}
