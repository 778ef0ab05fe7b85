"""NASA's key as the settings have it, then as its file does, and what NASA grants to each."""

from pydantic import SecretStr

from edge import secret_files, setting_types
from edge.settings import Settings
from edge.watched_files import WatchedFile
from proxy.freshness import Clock
from proxy.sources.key import NasaKey
from proxy.sources.quota import Board, Quota


def key_of(settings: Settings) -> NasaKey | None:
    """Make the key that NASA is asked with, if there is one."""
    secret = settings.nasa_api_key
    return None if secret is None else NasaKey(secret, settings.nasa_api_key_in)


def watched_files(key: NasaKey | None) -> list[WatchedFile]:
    """Give the file of *key*, if it lies in one, whose changes it follows."""
    if key is None:
        return []

    def replace(text: str) -> bool:
        return key.replace(setting_types.visible_ascii(SecretStr(text)))

    return secret_files.watched("NASA_API_KEY", replace)


def quota_of(key: NasaKey | None, clock: Clock, board: Board) -> Quota:
    """Make the quota that NASA grants to *key*, and then to each that takes its place."""
    quota = Quota("api.nasa.gov", clock, board)
    if key is not None:
        quota.use(key.account)
        key.follow(lambda: quota.use(key.account))
    return quota
