"""Where things of NASA's are found here."""

API = "/v2/api.nasa.gov"
"""Where the Astropiks app looks for api.nasa.gov; it is at our root too."""

BASES = ("", API)


def of_host(host: str) -> str:
    """Give the path under which the files of a host of pictures are."""
    return f"/v2/{host}/"
