"""HTTP as no client of ours speaks it, on real sockets, to `astropiks serve`."""

from collections.abc import Iterator

import pytest

from tests.proof.attacks.http_cases import BAD, CASES, LIVE, Case
from tests.proof.attacks.served import Served, served
from tests.proof.attacks.wire import PATIENCE_SECONDS, connected, parsed
from tests.proof.record import IS_WHOLE, Record, scaled

PROBE = b"GET /livez HTTP/1.1\r\nHost: proxy.test\r\nConnection: close\r\n\r\n"
"""Sent last where the connection goes on: it is answered only if nothing before is misread."""

MAX_PIECES = 3000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve."""
    with served(tmp_path_factory.mktemp("http")) as service:
        yield service


def conversation(service: Served, case: Case, pieces: list[bytes]) -> bytes:
    """Send *pieces*, each in a packet of its own, and give all that is answered till the end."""
    with connected(service.port) as connection:
        connection.send_apart(pieces)
        if case.is_kept:
            connection.send(PROBE)
        return connection.read_to_end(PATIENCE_SECONDS)


def judge(service: Served, case: Case, pieces: list[bytes]) -> None:
    """See that the answers are the right ones, and that nothing else has come of it.

    A body that is still on its way when its request is answered is not waited for: the connection
    ends then (RFC 9112 section 9.6), before anything can be read of what follows.
    """
    calls, since = len(service.nasa.requests), service.output.stat().st_size
    received = conversation(service, case, pieces)
    answers = parsed(received, ["HEAD"] if case.sent.startswith(b"HEAD") else [])
    statuses = tuple(answer.status for answer in answers)
    wanted = (*case.statuses, *[200] * case.is_kept)
    routes = (*case.routes[: len(case.statuses)], LIVE)
    has_body = any(name in case.sent.lower() for name in (b"content-length", b"chunked"))
    if len(pieces) > 1 and has_body and len(statuses) < len(wanted):
        wanted = wanted[: len(statuses)]
    if case.begun and len(pieces) > 1 and statuses == case.begun:
        wanted = case.begun
    assert statuses == wanted
    assert statuses
    assert b"100 Continue" not in received
    answered = list(zip(routes, wanted, strict=False))
    served = sorted(one for one in answered if one[1] != 400)
    begun = list(zip(routes, case.begun, strict=False))
    assert sorted(service.requests(since)) in (served, sorted([*served, *begun]))
    assert len(service.nasa.requests) == calls


def named(case: Case) -> str:
    """Give a case's name."""
    return f"{case.kind}: {case.name}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_case(service: Served, case: Case) -> None:
    """Each is refused or handled as the RFC says, and the next request is read aright."""
    sent = case.sent.replace(b"TOKEN", service.token.encode())
    judge(service, case, [sent])


@pytest.mark.parametrize("case", CASES[:: scaled(8, 1)], ids=named)
def test_case_in_pieces(service: Served, case: Case) -> None:
    """So it is whatever the packets are in which it comes."""
    sent = case.sent.replace(b"TOKEN", service.token.encode())
    size = 1 if IS_WHOLE and len(sent) < MAX_PIECES else max(1, len(sent) // 3)
    judge(service, case, [sent[at : at + size] for at in range(0, len(sent), size)])


def test_table(proof: Record) -> None:
    """What is tried, by kinds, is told in the document."""
    kinds = dict.fromkeys(case.kind for case in CASES)
    for kind in kinds:
        cases = [case for case in CASES if case.kind == kind]
        refused = [case for case in cases if case.statuses == BAD and not case.begun]
        begun = [case for case in cases if case.begun]
        handled = [case for case in cases if case.statuses != BAD]
        proof.row(
            "attack-http",
            attempt=kind,
            RFC="; ".join(dict.fromkeys(case.rfc for case in cases)),
            refused_by_400=shown(refused),
            begun_then_refused=shown(begun),
            answered=shown(handled),
        )
    assert len(kinds) > 10


def shown(cases: list[Case]) -> str:
    """List cases for a table of Markdown."""
    names = (case.name.replace("|", "\\|") for case in cases)
    return f"{len(cases)}: {'; '.join(names)}" if cases else "–"
