"""Headers of answers, as components of the document."""

from collections.abc import Mapping

Json = Mapping[str, object]


def _header(description: str, schema: Json, example: object, *, always: bool = False) -> Json:
    """Describe one; *always*: wherever it is named, it is there."""
    return {
        "description": description,
        "required": always,
        "schema": schema,
        "example": example,
    }


TEXT: Json = {"type": "string"}
WHOLE_NUMBER: Json = {"type": "integer", "minimum": 0}

HEADERS: Mapping[str, Json] = {
    "X-Request-ID": _header(
        "Stands in every line that the request leaves in the log. The client's own, if it sent "
        "one of 8 to 64 letters, digits, hyphens and underscores.",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
        "7f3e9b2a5c8d41f0a6b7c8d9e0f1a2b3",
        always=True,
    ),
    "Cache-Control": _header(
        "How long the answer may be kept, and by whom (RFC 9111).",
        TEXT,
        "private, max-age=2592000",
        always=True,
    ),
    "Cache-Status": _header(
        "How the answer was come by (RFC 9211): `hit`, with the seconds for which it is still "
        "fresh and, past those, a `detail`; or `fwd=miss` or `fwd=stale`, when NASA was asked.",
        {"type": "string", "pattern": "^astropiks; "},
        "astropiks; hit; ttl=2591900",
        always=True,
    ),
    "Age": _header("Seconds since NASA gave the oldest part of it.", WHOLE_NUMBER, 100),
    "ETag": _header(
        "Names these very bytes; send it back in `If-None-Match`.",
        {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
        '"5f0c1a9e7b3d2846a1c0e9f8b7d6c5a4"',
    ),
    "Last-Modified": _header("When the file was changed.", TEXT, "Tue, 12 Oct 2021 04:05:06 GMT"),
    "Vary": _header("The request header that decides on the form of the answer.", TEXT, "Accept"),
    "Content-Encoding": _header(
        "`gzip`, for whoever accepts it.", {"type": "string", "const": "gzip"}, "gzip"
    ),
    "Content-Length": _header("Bytes that follow, where NASA tells.", WHOLE_NUMBER, 1024),
    "Content-Language": _header("Language of the answer, where NASA tells.", TEXT, "en"),
    "Content-Range": _header("Which part of the file follows.", TEXT, "bytes 0-99/1024"),
    "Accept-Ranges": _header("That parts of the file can be had.", TEXT, "bytes"),
    "RateLimit": _header(
        "Requests that the device has left (`r`), and the seconds until it has all again (`t`): "
        "draft-ietf-httpapi-ratelimit-headers.",
        {"type": "string", "pattern": '^"device";r=\\d+;t=\\d+$'},
        '"device";r=119;t=60',
    ),
    "RateLimit-Policy": _header(
        "Requests that a device may make (`q`) in so many seconds (`w`).",
        {"type": "string", "pattern": '^"device";q=\\d+;w=\\d+$'},
        '"device";q=120;w=60',
    ),
    "Retry-After": _header(
        "Seconds after which it may be worth asking again.",
        {"type": "integer", "minimum": 1},
        60,
        always=True,
    ),
    "WWW-Authenticate": _header(
        "What the request has to bring (RFC 9110 section 11.6.1).",
        TEXT,
        'Approov realm="astropiks"',
        always=True,
    ),
    "Allow": _header("The methods that are answered here.", TEXT, "GET, HEAD", always=True),
    "X-Content-Type-Options": _header(
        "That nobody is to guess another type.", {"type": "string", "const": "nosniff"}, "nosniff"
    ),
    "Content-Security-Policy": _header(
        "What the answer may do if a browser opens it.", TEXT, "default-src 'none'; sandbox"
    ),
    "X-Attestation-Device": _header(
        "The device that the token was made for, where it names one.",
        {"type": "string", "pattern": "^[!-~]{1,256}$"},
        "ZGV2ZWxvcG1lbnQtZGV2aQ==",
    ),
    "X-Attestation-Reason": _header(
        "Why the request was refused, for the callers of `ATTEST_CALLERS` alone.",
        {"type": "string", "pattern": "^[a-z_]+$"},
        "expired",
    ),
}
