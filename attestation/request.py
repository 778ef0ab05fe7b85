"""A request as the verifier sees it, whatever server or gateway received it."""

from dataclasses import dataclass, field
from urllib.parse import quote

URI_CHARACTERS = "!#$%&'()*+,/:;=?@[]-._~"
"""What RFC 3986 lets stand in a URI; anything else has to be percent-encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What was received.

    Attributes:
        method: as sent, upper case.
        origin: scheme and authority that the client used, such as ``https://api.example.com``.
        path: raw, percent-encoding kept, beginning with a slash.
        query: raw, without the question mark; None if there was no question mark.
        headers: names in lower case and values, in the order received.
    """

    method: str
    origin: str
    path: str
    query: str | None
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)

    def values(self, name: str) -> list[bytes]:
        """Give every value of a header, whose *name* is in lower case."""
        wanted = name.encode("ascii")
        return [value for header, value in self.headers if header == wanted]

    @property
    def authority(self) -> str:
        """Host, and port unless it is the scheme's own, in lower case (RFC 9421 section 2.2.3)."""
        scheme, _, authority = self.origin.partition("://")
        default = {"http": ":80", "https": ":443"}.get(scheme, "")
        return authority.lower().removesuffix(default) if default else authority.lower()

    @property
    def scheme(self) -> str:
        """The scheme, in lower case."""
        return self.origin.partition("://")[0].lower()

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def target_uris(self) -> list[str]:
        """Give the ways in which Approov's clients write this request's absolute URI.

        First as sent. Then as java.net.URI prints it (service layer for OkHttp before 3.8), with
        characters that may not stand in a URI encoded; and, for the root, without the slash that
        iOS leaves out. Each names the same resource, so none widens what a signature is good for.
        """
        sent = f"{self.origin}{self.target}"
        forms = [sent, f"{self.origin}{quote(self.target, safe=URI_CHARACTERS)}"]
        if self.target == "/":
            forms.append(self.origin)
        return list(dict.fromkeys(forms))
