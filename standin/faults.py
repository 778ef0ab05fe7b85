"""What can be wrong with one of NASA's APIs, as it has been seen or is to be feared."""

import asyncio
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

LOGO = "https://science.nasa.gov/wp-content/themes/nasa-child/assets/images/nasa-logo@2x.png"


class Fault(StrEnum):
    """One way to fail, for every request."""

    PLACEHOLDER = "placeholder"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    OVER_LIMIT = "429"
    GONE = "410"
    HTML = "html"
    TRUNCATED = "truncated"
    HANG = "hang"


ANSWERS = {
    Fault.SERVER_ERROR: JSONResponse(
        {"code": 500, "msg": "Internal Service Error", "service_version": "v1"}, 500
    ),
    Fault.BAD_GATEWAY: HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", 502),
    Fault.UNAVAILABLE: PlainTextResponse("no healthy upstream", 503),
    Fault.GATEWAY_TIMEOUT: HTMLResponse("<html><h1>504 Gateway Time-out</h1></html>", 504),
    Fault.OVER_LIMIT: JSONResponse(
        {"error": {"code": "OVER_RATE_LIMIT"}}, 429, {"Retry-After": "2870"}
    ),
    Fault.GONE: HTMLResponse("<html><h1>410 Gone</h1></html>", 410),
    Fault.HTML: HTMLResponse("<html><body>Inactivity Timeout</body></html>"),
    Fault.TRUNCATED: Response('{"date":"2021-10', media_type="application/json"),
}


async def answer(fault: Fault, request: Request) -> Response:
    """Fail."""
    if fault is Fault.HANG:
        await asyncio.Event().wait()
    return JSONResponse(_placeholder(request)) if fault is Fault.PLACEHOLDER else ANSWERS[fault]


def _placeholder(request: Request) -> object:
    """Answer every date alike, as the old API has done since September 2026."""
    query = request.query_params
    day = query.get("date") or query.get("start_date") or "2026-09-29"
    record = {
        "date": day,
        "title": "NASA Science",
        "media_type": "image",
        "url": LOGO,
        "hdurl": LOGO,
        "explanation": "",
        "service_version": "v1",
    }
    return [record] if "start_date" in query else record
