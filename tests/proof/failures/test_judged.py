"""The judge of failures sees what is wrong."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from itertools import product

import httpx
import pytest

from tests.proof import truth
from tests.proof.failures.asked import ALL, TODAY, Group, Kind, dated, extras
from tests.proof.failures.judged import BASE_URL, WELL, Seen, judge

NEW = {"Cache-Status": "astropiks; fwd=miss; stored", "Cache-Control": "private, max-age=60"}
STALE = {
    "Cache-Status": "astropiks; hit; ttl=-1; detail=stale-if-error",
    "Cache-Control": "private, max-age=0",
}
PROBLEM = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    "Retry-After": "60",
}

BY_NAME = {kind.name: kind for kind in ALL}

WORDS = ("fresh", "new", "stale", "given", "204", "401", "503", "cut", "unheard")

linked = partial(truth.through, BASE_URL)


def said(kind: Kind | str, status: int, body: bytes, headers: Mapping[str, str] = NEW) -> str:
    """Judge an answer to one kind of request."""
    kind = BY_NAME[kind] if isinstance(kind, str) else kind
    return judge(kind, httpx.Response(status, headers=headers), body, TODAY)


@pytest.mark.parametrize(("group", "how"), list(product(WELL, WORDS)))
def test_well(group: Group, how: str) -> None:
    """All is well when each gets what it wants, and nobody what another one does."""
    wanted = {
        "record": {"fresh", "new"},
        "picture": {"new"},
        "other": {"fresh", "new"},
        "secret": {"given"},
        "attest": {"204"},
        "refused": {"401"},
    }
    assert Seen(Kind("one", group, "/"), how).is_well == (how in wanted[group])


def test_records() -> None:
    """Another day's record is wrong, and so are another byte, a link past us and lost extras."""
    day = date(2021, 10, 12)
    one_day = dated("one-day", day)
    right, another = (min(truth.forms(one, linked)) for one in (day, day - timedelta(1)))
    assert said(one_day, 200, right) == "new"
    assert said(one_day, 200, right, STALE) == "stale"
    wrong = (another, right[:-1], right.replace(b"This", b"That"), min(truth.forms(day)))
    for body in wrong:
        assert said(one_day, 200, body).startswith("wrong")
    assert said(extras("extras", day), 200, right).startswith("wrong")
    assert said("range-held", 200, b"[" + right[:-1] + b"]\n").startswith("wrong")
    assert said("count-of-held", 200, b"[]\n").startswith("wrong")


def test_latest() -> None:
    """An older record may stand in for the latest, if it says so, for a month."""
    for days, headers, is_right in ((0, NEW, 1), (1, NEW, 0), (1, STALE, 1), (40, STALE, 0)):
        body = min(truth.forms(TODAY - timedelta(days), linked))
        how = said("latest-held", 200, body, headers)
        assert how.startswith("wrong") != bool(is_right)


def test_errors() -> None:
    """An error for which NASA is the cause says when to come back, and is not to be stored."""
    for status in (502, 503, 504):
        body = json.dumps({"status": status}).encode()
        assert said("date-cold", status, body, PROBLEM) == str(status)
        for bad in ({"Retry-After": "0"}, {"Cache-Control": "max-age=1"}, {"Content-Type": "text"}):
            assert said("date-cold", status, body, {**PROBLEM, **bad}).startswith("wrong")
    assert said("refused", 200, b"").startswith("wrong")


def test_others() -> None:
    """What another API gives is right to the last byte, and the key in it is blotted out."""
    assert said("other-api-cold", 200, b'{"near_earth_objects":{}}\n') == "as NASA answers"
    assert said("picture", 200, b"\x89PNG").startswith("wrong")
