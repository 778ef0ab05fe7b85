"""What can be wrong with one of NASA's APIs, as it has been seen or is to be feared."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)

LOGO = "https://science.nasa.gov/wp-content/themes/nasa-child/assets/images/nasa-logo@2x.png"

FLOOD_BYTES = 4 * 1024**3
DRIP_SECONDS = 1.0


class Fault(StrEnum):
    """One way to fail, for every request."""

    PLACEHOLDER = "placeholder"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    OVER_LIMIT = "429"
    GONE = "410"
    REDIRECT = "301"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    DROP = "drop"
    FLOOD = "flood"
    DRIP = "drip"
    HANG = "hang"


ENDLESS = frozenset({Fault.FLOOD, Fault.DRIP, Fault.HANG})
"""Those that take as long as the client lets them."""

ENDING = [fault for fault in Fault if fault not in ENDLESS]

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
    Fault.REDIRECT: HTMLResponse("", 301, {"Location": "https://science.nasa.gov/apod"}),
    Fault.HTML: HTMLResponse("<html><body>Inactivity Timeout</body></html>"),
    Fault.EMPTY: Response(b"", media_type="application/json"),
    Fault.TRUNCATED: Response('{"date":"2021-10', media_type="application/json"),
    Fault.DROP: Response(
        '{"date":"2021-10', headers={"Content-Length": "1200"}, media_type="application/json"
    ),
}


async def answer(fault: Fault, request: Request) -> Response:
    """Fail."""
    match fault:
        case Fault.HANG:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return Response()  # to nobody
        case Fault.FLOOD:
            return StreamingResponse(_flood(), media_type="application/json")
        case Fault.DRIP:
            return StreamingResponse(_drip(), media_type="application/json")
        case Fault.PLACEHOLDER:
            return JSONResponse(_placeholder(request))
    return ANSWERS[fault]


async def _flood() -> AsyncIterator[bytes]:
    for _ in range(FLOOD_BYTES // 65536):
        yield b" " * 65536


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(DRIP_SECONDS)


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
