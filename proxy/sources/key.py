"""The API key on its way to NASA: the one place where it is taken out of its wrapper."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

from pydantic import SecretStr

Place = Literal["header", "query"]


@dataclass(frozen=True, slots=True)
class NasaKey:
    """The key, and where NASA's gateway shall find it.

    Attributes:
        secret: the key.
        place: `header` keeps it out of URLs.
    """

    secret: SecretStr
    place: Place

    def headers(self) -> dict[str, str]:
        """Give the headers of a request to NASA."""
        return {"X-Api-Key": self.secret.get_secret_value()} if self.place == "header" else {}

    def parameters(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Give the query of a request to NASA, which *asked* for something."""
        key = {"api_key": self.secret.get_secret_value()} if self.place == "query" else {}
        return {**asked, **key}

    def query(self) -> str:
        """Give the key's part of a query that is written out, if it has one."""
        return urlencode(self.parameters({}))

    def spellings(self) -> tuple[bytes, ...]:
        """Give the forms in which NASA may repeat the key: plain, in a URL, in JSON."""
        plain = self.secret.get_secret_value()
        forms = {
            plain,
            quote(plain),
            quote(plain, safe=""),
            quote_plus(plain),
            plain.replace("/", r"\/"),
            re.sub("%..", lambda match: match[0].lower(), quote(plain, safe="")),
        }
        return tuple(sorted((form.encode() for form in forms), key=len, reverse=True))


def without_key(query: str) -> str:
    """Drop every parameter that NASA's gateway might take for an API key."""
    pairs = query.split("&")
    names = (unquote_plus(pair.partition("=")[0]) for pair in pairs)
    return "&".join(
        pair for pair, name in zip(pairs, names, strict=True) if name.strip().lower() != "api_key"
    )
