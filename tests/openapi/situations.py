"""What has to happen for each answer that is described, by the name of the answer's example.

Answers without an example have a situation too, whose name stands in round brackets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from standin.faults import Fault

APOD = ("/planetary/apod", "/v2/api.nasa.gov/planetary/apod")
PICTURES = ("/v2/apod.nasa.gov/{path}", "/v2/assets.science.nasa.gov/{path}")
OTHERS = tuple(
    f"{base}/{api}/{{path}}"
    for base in ("", "/v2/api.nasa.gov")
    for api in ("neo", "DONKI", "EPIC")
)
UPSTREAM = (*APOD, *PICTURES, *OTHERS)
SECRETS, SECRET = ("/secrets",), ("/secrets/{name}",)
ATTEST = ("/attest", "/attest/{path}")
GUARDED = (*UPSTREAM, *SECRETS, *SECRET, *ATTEST)
METRICS = ("/metrics",)
PUBLIC = ("/livez", "/readyz", "/openapi.json", "/docs")
GET_ONLY = (*UPSTREAM, *SECRETS, *SECRET, *METRICS, *PUBLIC)

SEALED_ONLY = '[secrets.example]\nsource = "file:{folder}/value"\npolicy.sealed = true\n'
OTHER_SECRET = '[secrets.other]\nsource = "file:{folder}/value"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One way to be answered.

    Attributes:
        status: that is answered.
        at: templates of the paths that it is possible at.
        method: of the request.
        target: of the request, in place of the path's example.
        query: of the request.
        headers: besides the genuine ones; one without a value takes such a one away.
        settings: that the service has then.
        fault: of all of NASA's APIs.
        nasa: status that NASA answers everything with.
        catalog: of runtime secrets.
        times: how often it is asked; the last answer counts.
        etag: whether it brings, the second time, what it got the first time.
        is_lost: whether the secret's source has gone since the start.
        is_stopping: whether the process is about to end.
    """

    status: int
    at: tuple[str, ...]
    method: str = "GET"
    target: str | None = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    fault: Fault | None = None
    nasa: int | None = None
    catalog: str | None = None
    times: int = 1
    etag: bool = False
    is_lost: bool = False
    is_stopping: bool = False


ONE_A_MINUTE = {"rate_limit_device": "1/minute"}
BAD_QUERY: Mapping[str, str] = {
    "unknown parameter": "dates=2021-10-12",
    "not a number": "count=x",
    "too many at once": "count=101",
    "no date": "date=20240101",
    "more than a date": "date=2021-10-12T00:00",
}

SITUATIONS: Mapping[str, Situation] = {
    "no token": Situation(
        status=401, at=(*GUARDED, *METRICS), headers={"Approov-Token": "", "Authorization": ""}
    ),
    "wrong method": Situation(status=405, at=GET_ONLY, method="POST"),
    "over the limit": Situation(status=429, at=GUARDED, settings=ONE_A_MINUTE, times=2),
    "(over the limit of refusals)": Situation(
        status=429,
        at=GUARDED,
        headers={"Approov-Token": ""},
        settings={"rate_limit_rejected": "1/minute"},
        times=2,
    ),
    "NASA is unusable": Situation(status=502, at=UPSTREAM, fault=Fault.REDIRECT),
    "NASA is away": Situation(status=503, at=UPSTREAM, fault=Fault.UNAVAILABLE),
    "NASA is slow": Situation(status=504, at=UPSTREAM, fault=Fault.GATEWAY_TIMEOUT),
    **{name: Situation(status=400, at=APOD, query=query) for name, query in BAD_QUERY.items()},
    "(latest)": Situation(status=200, at=APOD),
    "(at random)": Situation(status=200, at=APOD, query="count=2"),
    "(compressed)": Situation(status=200, at=APOD, headers={"Accept-Encoding": "gzip"}),
    "(not modified)": Situation(
        status=304, at=(*APOD, *PICTURES, *SECRET), query="date=2021-10-12", times=2, etag=True
    ),
    "(file)": Situation(status=200, at=PICTURES),
    "(part of a file)": Situation(status=206, at=PICTURES, headers={"Range": "bytes=0-9"}),
    "no such part": Situation(status=416, at=PICTURES, headers={"Range": "bytes=99999999-"}),
    "no such file": Situation(status=404, at=PICTURES, nasa=404),
    "(answer)": Situation(status=200, at=OTHERS),
    "(held answer)": Situation(status=200, at=OTHERS, times=2),
    "no such path": Situation(status=404, at=OTHERS, query="a;b"),
    "(not there)": Situation(status=404, at=OTHERS, nasa=404),
    "(refused by NASA: 400)": Situation(status=400, at=OTHERS, nasa=400),
    "(refused by NASA: 405)": Situation(status=405, at=OTHERS, nasa=405),
    "(refused by NASA: 422)": Situation(status=422, at=OTHERS, nasa=422),
    "list": Situation(status=200, at=SECRETS),
    "secret": Situation(status=200, at=SECRET),
    "not so": Situation(status=400, at=SECRET, headers={"Secret-Recipient": "no key"}),
    "sealed only": Situation(status=403, at=SECRET, catalog=SEALED_ONLY),
    "no such secret": Situation(status=404, at=SECRET, catalog=OTHER_SECRET),
    "no source": Situation(
        status=503, at=SECRET, settings={"runtime_secrets_hold_seconds": 0}, is_lost=True
    ),
    "a line break": Situation(status=404, at=("/attest/{path}",), target="/attest/orders%0A7"),
    "(genuine)": Situation(status=204, at=ATTEST),
    "(counters)": Situation(status=200, at=METRICS),
    "(description)": Situation(status=200, at=("/openapi.json", "/docs")),
    "alive": Situation(status=200, at=("/livez",)),
    "ready": Situation(status=200, at=("/readyz",)),
    "stopping": Situation(status=503, at=("/readyz",), is_stopping=True),
}

ASKED_BY_PARAMETERS: Mapping[str, int] = {
    "one day": 200,
    "a video": 200,
    "several days": 200,
    "no such day": 400,
    "backwards": 400,
    "two questions at once": 400,
    "a day without a picture": 404,
}
"""Whose requests the document has itself."""

DEFECT = "defect"
"""Can happen to every request."""
