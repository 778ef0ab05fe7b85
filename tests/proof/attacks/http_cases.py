"""Requests as no client of ours sends them, and what RFC 9112 and RFC 9110 want done with them."""

from collections.abc import Iterator
from typing import NamedTuple

WARM = "/planetary/apod?date=2021-10-12"
"""Held from the start: NASA need not be asked for it."""

HOST = b"Host: proxy.test\r\n"
TOKEN = b"Approov-Token: TOKEN\r\n"
"""Where TOKEN stands, a genuine app's token is put."""

END = b"\r\n"
GET = b"GET " + WARM.encode() + b" HTTP/1.1\r\n"
POST = b"POST /planetary/apod HTTP/1.1\r\n"
GOOD = GET + HOST + TOKEN + END
HIDDEN = b"GET /secrets HTTP/1.1\r\nHost: proxy.test\r\n\r\n"
"""Without a token. Were it to get the one of the request that it hides in, it would get a 200."""

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

BAD = (400,)
"""Refused by the server, before anything of the service sees it unless the case has `begun`; the
connection ends."""

APOD, SECRETS, LIVE = "/planetary/apod", "/secrets", "/livez"
OTHER = "other"
"""What the log has for a path that is no route's."""

ROUTES = (APOD, SECRETS, APOD)
"""Of most cases: a request, the hidden one, and perhaps another one behind."""


class Case(NamedTuple):
    """What is sent, and what has to come of it.

    Attributes:
        kind: of attempt, for the table.
        name: of this one.
        rfc: what wants it so.
        sent: every byte of it.
        statuses: of the answers, in their order.
        is_kept: whether the connection goes on.
        routes: of the requests that are answered, as the log has them.
        begun: status with which the service answers a request whose body then turns out to be none,
            so that the client gets a 400 in its place.
    """

    kind: str
    name: str
    rfc: str
    sent: bytes
    statuses: tuple[int, ...] = BAD
    is_kept: bool = False
    routes: tuple[str, ...] = ROUTES
    begun: tuple[int, ...] = ()


def kept(
    kind: str,
    name: str,
    rfc: str,
    sent: bytes,
    *statuses: int,
    routes: tuple[str, ...] = ROUTES,
) -> Case:
    """Be a case after which the connection goes on."""
    return Case(kind, name, rfc, sent, statuses, is_kept=True, routes=routes)


def _host() -> Iterator[Case]:
    kind, rfc = "Host", "9112 §3.2"
    for name, lines in {
        "none": b"",
        "two": HOST * 2,
        "two, different": HOST + b"Host: other.test\r\n",
        "empty": b"Host:\r\n",
        "with a path": b"Host: proxy.test/x\r\n",
        "with userinfo": b"Host: user@proxy.test\r\n",
        "with blanks": b"Host: proxy.test other.test\r\n",
        "with a list": b"Host: proxy.test, other.test\r\n",
    }.items():
        yield Case(kind, name, rfc, GET + lines + TOKEN + END)
    yield Case(kind, "none, without a token", rfc, GET + END)
    yield Case(kind, "two in HTTP/1.0", rfc, _old(HOST * 2))


def _old(lines: bytes = b"") -> bytes:
    return GET.replace(b"HTTP/1.1", b"HTTP/1.0") + lines + TOKEN + END


def _version() -> Iterator[Case]:
    kind, rfc = "version", "9112 §2.3"
    yield Case(kind, "HTTP/1.0", "9112 §9.3", _old() + HIDDEN, (200,))
    yield Case(kind, "HTTP/1.0 and keep-alive", "9112 §9.3", _old(b"Connection: keep-alive\r\n") +
               HIDDEN, (200,))  # fmt: skip
    yield Case(kind, "HTTP/0.9", rfc, b"GET /livez\r\n\r\n")
    for version in (b"0.9", b"1.2", b"2.0", b"3.0", b"9.9", b"11", b"1", b"1.10", b"-1.1", b"1.1 "):
        yield Case(kind, f"HTTP/{version.decode()}", rfc, GOOD.replace(b"/1.1", b"/" + version, 1))
    for name in (b"http", b"HTTPS", b"ICE", b"H"):
        yield Case(kind, name.decode(), rfc, GOOD.replace(b" HTTP/", b" " + name + b"/", 1))
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield Case(kind, "preface of HTTP/2", "9113 §3.4", preface + bytes(9))
    yield Case(kind, "TLS", rfc, bytes.fromhex("16030100a5010000a10303") + bytes(160))
    yield Case(kind, "PROXY protocol", rfc, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + GOOD)


def _two_lengths() -> Iterator[Case]:
    kind, rfc = "two lengths", "9112 §6.3"
    length, both = b"Content-Length: 5\r\n", b"0\r\n\r\n" + HIDDEN
    chunked = b"Transfer-Encoding: chunked\r\n"
    for name, lines in {
        "Content-Length, Transfer-Encoding": length + chunked,
        "Transfer-Encoding, Content-Length": chunked + length,
        "Content-Length of 0, Transfer-Encoding": b"Content-Length: 0\r\n" + chunked,
        "Content-Length twice": length * 2,
        "Content-Length twice, different": length + b"Content-Length: 0\r\n",
        "Content-Length of 5, 5": b"Content-Length: 5, 5\r\n",
    }.items():
        yield Case(kind, name, rfc, POST + HOST + TOKEN + lines + END + both)


def _length() -> Iterator[Case]:
    kind, rfc = "Content-Length", "9110 §8.6"
    for value in (b"+5", b"-5", b"0x5", b"5 0", b"5;", b"five", b"", b"5.0", b"9" * 30, b"5\x00"):
        lines = b"Content-Length: " + value + b"\r\n\r\n"
        yield Case(kind, repr(value.decode()[:5]), rfc, POST + HOST + TOKEN + lines + b"abcde")
    hidden = b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN
    yield kept(kind, "a request in the body of a GET", rfc, GET + HOST + TOKEN + hidden, 200)
    yield kept(kind, "a request in the body", rfc, POST + HOST + TOKEN + hidden, 405)
    yield kept(kind, "a request in a refused body", rfc, POST + HOST + hidden, 401)
    yield kept(kind, "a request after the body", rfc, POST + HOST + TOKEN +
               b"Content-Length: 5\r\n\r\nabcde" + HIDDEN, 405, 401)  # fmt: skip


def _coding() -> Iterator[Case]:
    kind, rfc = "Transfer-Encoding", "9112 §6.1"
    rest = b"\r\n\r\n0\r\n\r\n" + HIDDEN
    for value in (
        b"xchunked", b"gzip, chunked", b"chunked, gzip", b"gzip", b"identity", b"chunked;q=1",
        b"chunked, chunked", b"\x0bchunked", b"\x00chunked", b'"chunked"', b"", b"chunked,",
        b"\r\n chunked", b"x\r\nTransfer-Encoding: chunked", b"chunked\r\nTransfer-Encoding: x",
        b"chunked\t",
    ):  # fmt: skip
        sent = POST + HOST + TOKEN + b"Transfer-Encoding: " + value + rest
        yield Case(kind, repr(value.decode())[1:-1], rfc, sent)
    for line in (b"Transfer-Encoding : chunked", b" Transfer-Encoding: chunked"):
        yield Case(kind, repr(line.decode())[1:-1], "9112 §5.1", POST + HOST + TOKEN + line + rest)
    for line in (b"Transfer-Encoding: CHUNKED", b"transfer-encoding:\tchunked "):
        sent = POST + HOST + TOKEN + line + rest
        yield kept(kind, repr(line.decode())[1:-1], "9112 §7", sent, 405, 401)
    old = POST.replace(b"1.1", b"1.0") + TOKEN + CHUNKED + b"0\r\n\r\n"
    yield Case(kind, "in HTTP/1.0", rfc, old + HIDDEN, (405,))


def _chunks() -> Iterator[Case]:
    kind, rfc = "chunks", "9112 §7.1"
    head = POST + HOST + TOKEN + CHUNKED
    for name, body in {
        "size with a sign": b"-5\r\nabcde\r\n0\r\n\r\n",
        "size with 0x": b"0x5\r\nabcde\r\n0\r\n\r\n",
        "size beyond 64 bits": b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n",
        "no size": b"\r\nabcde\r\n0\r\n\r\n",
        "blank behind the size": b"5 \r\nabcde\r\n0\r\n\r\n",
        "LF behind the size": b"5\nabcde\r\n0\r\n\r\n",
        "LF behind the data": b"5\r\nabcde\n0\r\n\r\n",
        "LF in an extension": b"5;a=b\nabcde\r\n0\r\n\r\n",
        "data longer than its size": b"5\r\nabcdeXX\r\n0\r\n\r\n",
        "data shorter than its size": b"5\r\nabc\r\n0\r\n\r\n",
    }.items():
        yield Case(kind, name, rfc, head + body + HIDDEN, BAD, begun=(405,))
    good = b'5;a=b;c="d"\r\nabcde\r\n0\r\n'
    yield kept(kind, "with extensions", "9112 §7.1.1", head + good + END + HIDDEN, 405, 401)
    yield kept(kind, "token in a trailer", "9110 §6.5.1", POST + HOST + CHUNKED + good + TOKEN +
               END + HIDDEN, 401, 401)  # fmt: skip
    yield kept(kind, "Host in a trailer", "9110 §6.5.1", head + good + HOST + END + HIDDEN, 405,
               401)  # fmt: skip
    length = b"Content-Length: 50\r\n"
    yield Case(kind, "Content-Length in a trailer", "9110 §6.5.1", head + good + length + END, BAD,
               begun=(405,))  # fmt: skip
    hidden = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"
    yield kept(kind, "a request in a chunk", rfc, head + hidden, 405)
    byte, last = b"1\r\nb\r\n", b"0\r\n\r\n" + HIDDEN
    long = b"%x\r\n" % 20_000 + b"b" * 20_000 + b"\r\n"
    for name, chunks in {
        "999 of a byte": byte * 999,
        "1,100 of a byte, and a long one": long + byte * 1100,
    }.items():
        yield kept(kind, name, rfc, head + chunks + last, 405, 401)
    yield Case(kind, "1,100 of a byte", rfc, head + byte * 1100 + last, BAD, begun=(405,))


def _lines() -> Iterator[Case]:
    kind, rfc = "line ends", "9112 §2.2"
    yield Case(kind, "LF alone, everywhere", rfc, GOOD.replace(b"\r\n", b"\n"))
    yield Case(kind, "LF behind the request line", rfc, GOOD.replace(b"\r\n", b"\n", 1))
    yield Case(kind, "LF behind a header", rfc, GET + HOST + b"X: y\n" + TOKEN + END)
    yield Case(kind, "LF at the end", rfc, GET + HOST + TOKEN + b"\n")
    yield Case(kind, "CR alone", rfc, GET + HOST + b"X: y\r" + TOKEN + END)
    yield Case(kind, "CR CR LF", rfc, GET + HOST + b"X: y\r\r\n" + TOKEN + END)
    yield kept(kind, "empty lines before", rfc, b"\r\n\r\n" + GOOD, 200)
    kind, rfc = "folded headers", "9112 §5.2"
    yield Case(kind, "any", rfc, GET + HOST + b"X: y\r\n z\r\n" + TOKEN + END)
    yield Case(kind, "the token", rfc, GET + HOST + b"Approov-Token:\r\n TOKEN\r\n\r\n")
    yield Case(kind, "Host", rfc, GET + b"Host:\r\n\tproxy.test\r\n" + TOKEN + END)
    yield Case(kind, "before the first", rfc, GET + b" X: y\r\n" + HOST + TOKEN + END)


def _headers() -> Iterator[Case]:
    kind, rfc = "headers", "9112 §5, 9110 §5.5"
    for line in (
        b"X\x00Y: z", b"X\xffY: z", b"X Y: z", b"X : z", b": z", b"X", b"X: y\x00z", b"X: y\x01z",
        b"X: y\x7fz", b"X: y\x1bz", b"(X): y", b"\x00", b'"X": y', b"X\tY: z",
    ):  # fmt: skip
        sent = GET + HOST + line + b"\r\n" + TOKEN + END
        yield Case(kind, repr(line)[2:-1], rfc, sent)
    for line in (b"X: \xff\xfe", b"X:", b"X:\t y \t", b"X: " + b"y" * 8000, b"!#$%&'*+.^_`|~: x"):
        sent = GET + HOST + line + b"\r\n" + TOKEN + END
        yield kept(kind, repr(line)[2:14].rstrip("'"), rfc, sent, 200)
    kind, rfc = "too much", "9110 §5.4"
    big = b"X: " + b"y" * (64 << 10) + b"\r\n"
    yield Case(kind, "a header of 64 kB", rfc, GET + HOST + TOKEN + big + END)
    yield Case(kind, "64 kB of headers", rfc, GET + HOST + TOKEN + b"X: y\r\n" * 11_000 + END)
    yield Case(kind, "a target of 64 kB", "9112 §3", b"GET /" + b"a" * (64 << 10) + GOOD[4:])
    for number, statuses in ((990, (200,)), (1001, BAD)):
        sent = GET + HOST + TOKEN + b"x:y\r\n" * number + END
        yield Case(kind, f"{number} more headers", rfc, sent, statuses, is_kept=statuses != BAD)


def _targets() -> Iterator[Case]:
    kind, rfc = "targets", "9112 §3.2"
    for target in (
        b"", b"livez", b"/livez\x00", b"/livez\xe9", b"/livez\tx", b"/livez x", b"?livez", b"#",
        b"http://proxy.test", b"http:///livez", b"http://[::1/livez", b"http://proxy.test:99999999/livez",
    ):  # fmt: skip
        sent = b"GET " + target + b" HTTP/1.1\r\n" + HOST + END
        yield Case(kind, repr(target)[2:-1] or "none", rfc, sent)
    for target in (b"*/livez", b"//", b"//proxy.test/livez", b"/livez/.", b"/%00"):
        sent = b"GET " + target + b" HTTP/1.1\r\n" + HOST + END
        yield kept(kind, f"{target.decode()}, no token", rfc, sent, 401, routes=(OTHER,))
    kind, rfc = "whole addresses", "9112 §3.2.2"
    for base in (b"http://other.test", b"https://other.test:9", b"http://user:word@other.test"):
        sent = GOOD.replace(b"GET ", b"GET " + base, 1)
        yield kept(kind, base.decode(), rfc, sent, 200)
        yield kept(kind, f"{base.decode()}, no token", rfc, sent.replace(TOKEN, b""), 401)
    yield kept(kind, "another host's /livez", rfc, b"GET http://other.test/livez HTTP/1.1\r\n" +
               HOST + END, 200, routes=(LIVE,))  # fmt: skip


def _methods() -> Iterator[Case]:
    kind, rfc = "methods", "9110 §9"
    for method in (b"BREW", b"get", b"G\x00T", b"GET,POST", b"PRI", b"X" * 9000, b"\xff"):
        yield Case(kind, repr(method)[2:12].rstrip("'"), rfc, GOOD.replace(b"GET", method, 1))
    for method in (b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"PATCH", b"PURGE", b"SOURCE"):
        sent = GOOD.replace(b"GET", method, 1) + HIDDEN
        yield kept(kind, method.decode(), rfc, sent, 405, 401)
        yield kept(kind, f"{method.decode()}, no token", rfc, sent.replace(TOKEN, b""), 401, 401)
    star = b"OPTIONS * HTTP/1.1\r\n" + HOST
    yield kept(kind, "OPTIONS *", "9110 §9.3.7", star + TOKEN + END, 404, routes=(OTHER,))
    yield kept(kind, "OPTIONS *, no token", "9110 §9.3.7", star + END, 401, routes=(OTHER,))
    kind, rfc = "CONNECT", "9110 §9.3.6"
    yield Case(kind, "another host", rfc, b"CONNECT other.test:443 HTTP/1.1\r\n" + HOST + TOKEN +
               END + HIDDEN)  # fmt: skip
    path = b"CONNECT /secrets HTTP/1.1\r\n" + HOST + TOKEN
    yield kept(kind, "a path", rfc, path + END + HIDDEN, 405, 401, routes=(SECRETS, SECRETS))
    body = b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN
    yield Case(kind, "a path, with a body", rfc, path + body)


def _connection() -> Iterator[Case]:
    kind, rfc = "Connection names", "9110 §7.6.1"
    for names in (b"Approov-Token", b"Host", b"Content-Length, Approov-Token, Host", b","):
        sent = GET + HOST + TOKEN + b"Connection: " + names + b"\r\n\r\n"
        yield kept(kind, names.decode(), rfc, sent + HIDDEN, 200, 401)
    sent = GET + HOST + b"Connection: Approov-Token\r\n\r\n"
    yield kept(kind, "the token, which is not there", rfc, sent, 401)
    for lines in (b"Connection: close\r\n", b"Connection: keep-alive\r\nConnection: close\r\n"):
        name = "close" if lines.startswith(b"Connection: c") else "keep-alive, then close"
        yield Case(kind, name, "9112 §9.6", GET + HOST + TOKEN + lines + END + GOOD, (200,))
    kind, rfc = "Upgrade", "9110 §7.8"
    for protocol in (b"h2c", b"websocket", b"TLS/1.2", b"other"):
        lines = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
        yield kept(kind, protocol.decode(), rfc, GET + HOST + TOKEN + lines + END + HIDDEN + GOOD,
                   200, 401, 200)  # fmt: skip
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    yield kept(kind, "no token", rfc, GET + HOST + upgrade + END + HIDDEN + GOOD, 401, 401, 200)
    length = b"Content-Length: %d\r\n" % len(HIDDEN)
    body = POST + HOST + TOKEN + upgrade + length + END + HIDDEN
    yield Case(kind, "a request in the body", rfc, body)
    chunk = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"
    yield Case(kind, "a request in a chunk", rfc, POST + HOST + TOKEN + upgrade + CHUNKED + chunk)
    none = POST + HOST + TOKEN + upgrade + b"Content-Length: 0\r\n\r\n"
    yield kept(kind, "a body of no length", rfc, none + HIDDEN, 405, 401)


def _expect() -> Iterator[Case]:
    kind, rfc = "Expect", "9110 §10.1.1"
    head = POST + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n"
    yield Case(kind, "100-continue, no body", rfc, head + TOKEN + END, (405,))
    yield Case(kind, "100-continue, no body, no token", rfc, head + END, (401,))
    yield Case(kind, "100-continue at /attest", rfc, head.replace(b"/planetary/apod", b"/attest") +
               TOKEN + END, (204,), routes=("/attest",))  # fmt: skip
    other = POST + HOST + TOKEN + b"Expect: wonders\r\nContent-Length: 5\r\n\r\nabcde"
    yield kept(kind, "something else", rfc, other, 405)


def _pipelines() -> Iterator[Case]:
    kind, rfc = "pipelining", "9112 §9.3.2"
    bad = GET + HOST + b"Approov-Token: x\r\n\r\n"
    alive = b"GET /livez HTTP/1.1\r\n" + HOST + END
    nowhere = b"GET /nowhere HTTP/1.1\r\n" + HOST + TOKEN + END
    long = POST + HOST + TOKEN + b"Content-Length: 5\r\n\r\nabcde"
    sent = (GOOD + bad + nowhere + alive + long) * 4
    yield kept(kind, "20 of five kinds", rfc, sent, *(200, 401, 404, 200, 405) * 4,
               routes=(APOD, APOD, OTHER, LIVE, APOD) * 4)  # fmt: skip
    yield Case(kind, "nonsense after two", rfc, GOOD + bad + b"nonsense\r\n\r\n" + GOOD,
               (200, 401, 400), routes=(APOD, APOD))  # fmt: skip
    yield Case(kind, "no Host after a good one", rfc, GOOD + GET + TOKEN + END + GOOD, (200, 400))
    sent = GOOD + GET + HOST + END + GOOD
    yield kept(kind, "no token after a good one", rfc, sent, 200, 401, 200, routes=(APOD,) * 3)
    head = GOOD.replace(b"GET", b"HEAD", 1)
    yield kept(kind, "after HEAD", "9112 §6.3", head + bad + GOOD, 200, 401, 200,
               routes=(APOD,) * 3)  # fmt: skip


CASES = [
    *_host(), *_version(), *_two_lengths(), *_length(), *_coding(), *_chunks(), *_lines(),
    *_headers(), *_targets(), *_methods(), *_connection(), *_expect(), *_pipelines(),
]  # fmt: skip
