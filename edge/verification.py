"""From settings to the verifier that they describe, with its keys kept up to date."""

from collections.abc import Sequence
from dataclasses import dataclass

from attestation.binding import BindingPolicy
from attestation.claims import ClaimPolicy, Clock
from attestation.keys import HmacKey, Key, KeyRing, decode_secrets
from attestation.memory import ProcessReplayStore
from attestation.signing import SigningPolicy
from attestation.verifier import Policy, RequestVerifier
from edge import keyset_file, secret_files
from edge.link import Link
from edge.replays import SharedReplayStore
from edge.settings import Settings
from edge.watched_files import WatchedFile

RECIPIENT_HEADER = "secret-recipient"
"""By which a client names the key that a secret shall be sealed for."""


def keys_of(settings: Settings) -> KeyRing:
    """Give every key in force: the secrets, then those of the file.

    Raises:
        InvalidKeyError: the file has become unusable since the settings were checked.
    """
    path = settings.approov_keyset_file
    return settings.ring(keyset_file.read(path) if path else ())


def policy_of(settings: Settings) -> Policy:
    """Give what the operator demands."""
    return Policy(
        token_header=settings.approov_header_name.lower(),
        token_prefix=settings.approov_header_prefix,
        claims=ClaimPolicy(
            issuer=settings.approov_issuer,
            audience=settings.approov_audience,
            leeway_seconds=settings.approov_leeway_seconds,
            max_lifetime_seconds=settings.approov_max_lifetime_seconds,
        ),
        binding=BindingPolicy(
            headers=settings.approov_binding_headers,
            recipient=RECIPIENT_HEADER if settings.serves_secrets else None,
            allows_unbound=settings.approov_missing_binding == "allow",
        ),
        signing=SigningPolicy(
            mode=settings.approov_message_signing,
            token_header=settings.approov_header_name.lower(),
            account_key=settings.account_signing_key,
            max_age_seconds=settings.approov_signature_max_age_seconds,
            skew_seconds=settings.approov_signature_skew_seconds,
        ),
    )


def build(settings: Settings, clock: Clock, link: Link | None = None) -> RequestVerifier:
    """Make the verifier, which knows all signatures that have been seen on this side of *link*.

    Raises:
        InvalidKeyError: see `keys_of`.
    """
    policy = policy_of(settings)
    # A signature may be made by a clock that is ahead, and be good by one that is behind.
    longest = policy.signing.max_age_seconds + 2 * policy.signing.skew_seconds
    replays = SharedReplayStore(clock, link, longest) if link else ProcessReplayStore(clock)
    return RequestVerifier(keys_of(settings), policy, clock=clock, replays=replays)


@dataclass(slots=True)
class KeyFiles:
    """The two files with keys, each of which may change by itself.

    Attributes:
        verifier: follows both.
        settings: say what may be in them.
        secrets: those in force.
        keyset: likewise.
    """

    verifier: RequestVerifier
    settings: Settings
    secrets: Sequence[HmacKey]
    keyset: Sequence[Key]

    def replace_keyset(self, keyset: Sequence[Key]) -> None:
        """Verify with another key set."""
        self._use(self.secrets, keyset)

    def replace_secrets(self, text: str) -> bool:
        """Verify with other secrets, newest first, and say whether they differ from those before.

        Raises:
            InvalidKeyError: there is a bad one among them, or one that is published.
        """
        secrets = tuple(decode_secrets(text))
        is_other = secrets != tuple(self.secrets)
        self._use(secrets, self.keyset)
        return is_other

    def _use(self, secrets: Sequence[HmacKey], keyset: Sequence[Key]) -> None:
        self.verifier.replace_keys(self.settings.ring(keyset, secrets))
        self.secrets, self.keyset = secrets, keyset


def watched_files(verifier: RequestVerifier, settings: Settings) -> list[WatchedFile]:
    """Give the files with keys, as far as there are any, whose changes *verifier* follows."""
    secrets = settings.secrets
    files = KeyFiles(verifier, settings, secrets, verifier.keys.keys[len(secrets) :])
    path = settings.approov_keyset_file
    keyset = [keyset_file.watched(path, files.replace_keyset)] if path else []
    return [*keyset, *secret_files.watched("APPROOV_BASE64_SECRET", files.replace_secrets)]
