"""Records whose pictures are fetched through this service.

The address is the configured one, never one that a request came by: what a client sends in `Host`
must not find its way into what others are told.
"""

import re
from collections.abc import Collection

from proxy import paths
from proxy.upstream_path import below, plain_query

ADDRESS = re.compile(r"\s*(?:https?:)?//([A-Za-z0-9.-]+)(/[^\s#]*)(?:#\S*)?\s*")
"""As NASA writes them: with or without a scheme, and with blanks around."""

FILE = re.compile(r".*\.(?:jpe?g|png|gif|tiff?|webp|bmp|mp4)", re.IGNORECASE)
"""What is passed on. Pages and old video formats are not: these keep NASA's address."""


class PictureLinks:
    """Rewrites the addresses of pictures on certain hosts."""

    def __init__(self, base_url: str, hosts: Collection[str]) -> None:
        """Point to *base_url*, where clients reach this service, for the pictures of *hosts*."""
        self._base_url = base_url
        self._hosts = frozenset(hosts)

    def rewrite(self, fields: dict[str, str]) -> None:
        """Change `url` and `hdurl` of a v1 record, where they are pictures on those hosts."""
        for name in ("url", "hdurl"):
            if name in fields:
                fields[name] = self.link(fields[name])

    def link(self, address: str) -> str:
        """Give the address of the same file through this service, or *address* as it is."""
        match = ADDRESS.fullmatch(address)
        if match is None or match[1].lower() not in self._hosts:
            return address
        host = match[1].lower()
        path, _, query = match[2].removeprefix("/").partition("?")
        try:
            below("", path.encode("ascii"))
            plain_query(query.encode("ascii"))
        except ValueError:
            return address
        if not FILE.fullmatch(path):
            return address
        return f"{self._base_url}{paths.of_host(host)}{path}" + (f"?{query}" if query else "")
