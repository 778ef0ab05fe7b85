"""A request as the verifier sees it, whatever server or gateway received it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

URI_CHARACTERS = "!#$%&'()*+,/:;=?@[]-._~"
"""What RFC 3986 lets stand in a URI; anything else has to be percent-encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What was received.

    Attributes:
        method: as sent.
        origin: scheme and authority that the client used, such as ``https://api.example.com``;
            empty if it is not known, and then no message signature can be verified.
        path: raw, percent-encoding kept, beginning with a slash.
        query: raw, without the question mark; None if there was none, or nothing behind it:
            servers do not tell these apart.
        headers: names in lower case and values, in the order received.
        hides_body: whether a body may have come with it that cannot be seen here, as where a
            gateway passes on nothing but the head.
    """

    method: str
    origin: str
    path: str
    query: str | None
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    hides_body: bool = False

    def values(self, name: str) -> list[bytes]:
        """Give every value of a header, whose *name* is in lower case."""
        wanted = name.encode("ascii")
        return [value for header, value in self.headers if header == wanted]

    @property
    def authority(self) -> str:
        """Host, and port unless it is the scheme's own, in lower case (RFC 9421 section 2.2.3)."""
        authority = self.origin.partition("://")[2].lower()
        return authority.removesuffix({"http": ":80", "https": ":443"}.get(self.scheme, " "))

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
        characters that may not stand in a URI encoded; for the root, without the slash that iOS
        leaves out; and with a question mark behind which nothing stands. Each names the same
        resource, so none widens what a signature is good for.
        """
        sent = f"{self.origin}{self.target}"
        encoded = quote(self.target.encode("latin-1"), safe=URI_CHARACTERS)
        forms = [sent, f"{self.origin}{encoded}"]
        if self.query is None:
            forms.append(f"{sent}?")
        if self.target == "/":
            forms.append(self.origin)
        return list(dict.fromkeys(forms))
