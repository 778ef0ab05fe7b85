"""Where the description is, and with which headers it comes."""

DOCUMENT, PAGE = "/openapi.json", "/docs"

PATHS = (DOCUMENT, PAGE)
"""They need no token."""

HEADERS = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
