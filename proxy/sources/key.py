"""The API key on its way to NASA: the one place where it is taken out of its wrapper."""

import hashlib
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

from pydantic import SecretStr

Place = Literal["header", "query"]


MAX_REMEMBERED = 4
"""Keys: an answer to a call that was made with the one before may still be on its way."""


class NasaKey:
    """The key, until another takes its place, and where NASA's gateway shall find it."""

    def __init__(self, secret: SecretStr, place: Place) -> None:
        """Begin.

        Args:
            secret: the key.
            place: `header` keeps it out of URLs.
        """
        self._place = place
        self._followers: list[Callable[[], None]] = []
        self._remembered: deque[SecretStr] = deque(maxlen=MAX_REMEMBERED)
        self._remember(secret)

    @property
    def account(self) -> str:
        """A name for the key by which nobody finds it: NASA counts the calls of each by itself."""
        text = f"astropiks account of NASA {self._secret.get_secret_value()}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def follow(self, changed: Callable[[], None]) -> None:
        """Have *changed* called after each replacement."""
        self._followers.append(changed)

    def replace(self, secret: SecretStr) -> bool:
        """Ask with another key from now on, and say whether it is another than before."""
        if secret == self._secret:
            return False
        self._remember(secret)
        for changed in self._followers:
            changed()
        return True

    def headers(self) -> dict[str, str]:
        """Give the headers of a request to NASA."""
        return {"X-Api-Key": self._secret.get_secret_value()} if self._place == "header" else {}

    def parameters(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Give the query of a request to NASA, which *asked* for something."""
        key = {"api_key": self._secret.get_secret_value()} if self._place == "query" else {}
        return {**asked, **key}

    def query(self) -> str:
        """Give the key's part of a query that is written out, if it has one."""
        return urlencode(self.parameters({}))

    def spellings(self) -> tuple[bytes, ...]:
        """Give the forms in which NASA may repeat the key, or the ones before: longest first."""
        return self._spellings

    def _remember(self, secret: SecretStr) -> None:
        self._secret = secret
        self._remembered.append(secret)
        forms = {form for one in self._remembered for form in _forms(one.get_secret_value())}
        self._spellings = tuple(sorted((form.encode() for form in forms), key=len, reverse=True))


def _forms(plain: str) -> set[str]:
    """Give a key as it is, in a URL, and in JSON."""
    return {
        plain,
        quote(plain),
        quote(plain, safe=""),
        quote_plus(plain),
        plain.replace("/", r"\/"),
        re.sub("%..", lambda match: match[0].lower(), quote(plain, safe="")),
    }


def without_key(query: str) -> str:
    """Drop every parameter that NASA's gateway might take for an API key."""
    pairs = query.split("&")
    names = (unquote_plus(pair.partition("=")[0]) for pair in pairs)
    return "&".join(
        pair for pair, name in zip(pairs, names, strict=True) if name.strip().lower() != "api_key"
    )
