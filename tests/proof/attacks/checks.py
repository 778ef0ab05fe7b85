"""What each parser of strangers' bytes promises.

A check gives an input to a parser and tells whether it was accepted. It raises if anything but the
documented exceptions comes out, or if what was accepted has another spelling than the one given.
"""

import base64
import ipaddress
import json
import re
from datetime import date, timedelta

from astropiks.mint import base64url, mint
from astropiks.signer import InstallKey, sign_request
from attestation import base64_text, compact, fields
from attestation.asgi import request_of
from attestation.errors import AttestationError, MalformedTokenError, VerificationFailureError
from attestation.keys import HmacKey, KeyRing
from attestation.request import HttpRequest
from attestation.request_errors import MalformedMessageSignatureError, OriginalRequestError
from attestation.signature_checks import canonical
from attestation.signing import SigningPolicy
from attestation.verifier import Policy, RequestVerifier
from edge.attest import Questions
from edge.client_address import Routers
from edge.request_log import request_id_of
from proxy import query
from proxy.content import Content, accepts_gzip
from proxy.errors import BadQueryError
from proxy.records import InvalidRecordError, Record
from proxy.reply import wish_of
from proxy.service import Answer
from proxy.sources.headers import retry_after, shared_lifetime
from proxy.upstream_path import UnsafePathError, below, plain_query
from secrets_service.errors import RecipientError
from secrets_service.sealing import Recipient
from tests.attestation.settled import settled

SECRET = b"the attestation secret of the fuzzed parsers, which nobody uses."
KEYS = KeyRing((HmacKey(SECRET),))
NOW = 1_795_435_200.0
TODAY = date(2026, 11, 23)
ORIGIN, PATH, QUERY = "https://proxy.test", "/planetary/apod", "date=2021-10-12"
INSTALL = InstallKey()
TOKEN = mint(SECRET, now=NOW, install_key=INSTALL.public)
PLAIN_TOKEN = mint(SECRET, now=NOW, bind="Bearer x")
SIGNED = sign_request(INSTALL, "GET", f"{ORIGIN}{PATH}?{QUERY}", {"Approov-Token": TOKEN}, now=NOW)

INPUT = SIGNED["Signature-Input"]
MADE = SIGNED["Signature"]
SIGNATURE = base64.b64encode(
    canonical(base64.b64decode(MADE.removeprefix("install=:").removesuffix(":")))
).decode()
"""The one made, in the first of its two spellings."""


def request(*headers: tuple[bytes, bytes], target: str = f"{PATH}?{QUERY}") -> HttpRequest:
    """Make a request as received."""
    path, _, query_string = target.partition("?")
    return HttpRequest(
        method="GET", origin=ORIGIN, path=path, query=query_string or None, headers=headers
    )


def compact_form(data: bytes) -> bool:
    """A token has one spelling."""
    try:
        parsed = compact.parse(data)
    except MalformedTokenError:
        return False
    assert parsed.signing_input + b"." + base64url(parsed.signature).encode() == data
    json.dumps([dict(parsed.header), dict(parsed.claims)])
    return True


GENUINE = {TOKEN.encode(), PLAIN_TOKEN.encode()}
VERIFIER = RequestVerifier(KEYS, Policy(signing=SigningPolicy(mode="required")), clock=lambda: NOW)


def token(data: bytes) -> bool:
    """No token is good but those that were signed, blanks around them aside."""
    try:
        VERIFIER.verify_head(request((b"approov-token", data)))
    except VerificationFailureError as error:
        raise AssertionError(f"not foreseen: {error.detail}") from error
    except AttestationError:
        return False
    assert data.strip(b" \t") in GENUINE
    return True


def signature_headers(data: bytes) -> bool:
    """A message signature is good for the request that was signed, in the spelling it was sent in.

    Both headers, with a line feed between, which neither can hold.
    """
    given, _, signature = data.partition(b"\n")
    headers = ((b"approov-token", TOKEN.encode()), (b"signature-input", given))
    received = request(*headers, (b"signature", signature))
    verifier = RequestVerifier(
        KEYS, Policy(signing=SigningPolicy(mode="required")), clock=lambda: NOW
    )
    attestation = verifier.verify_head(received)
    try:
        settled(verifier.verify_signature(attestation, received, b""))
    except VerificationFailureError as error:
        raise AssertionError(f"not foreseen: {error.detail}") from error
    except AttestationError:
        return False
    assert fields.signature_inputs(received)["install"].text == INPUT.removeprefix("install=")
    made = fields.byte_sequences(received, "signature")["install"]
    assert base64.b64encode(canonical(made)).decode() == SIGNATURE
    return True


BLANKS = re.compile(r"[ \t]*,[ \t]*")


def signature_input(data: bytes) -> bool:
    """`Signature-Input` is written out as it was read."""
    try:
        inputs = fields.signature_inputs(request((b"signature-input", data)))
    except MalformedMessageSignatureError:
        return False
    written = ",".join(f"{label}={one.text}" for label, one in inputs.items())
    assert BLANKS.sub(",", written) == BLANKS.sub(",", data.decode())
    return True


def byte_sequences(data: bytes) -> bool:
    """`Signature` and `Content-Digest` are written out as they were read."""
    try:
        values = fields.byte_sequences(request((b"signature", data)), "signature")
    except MalformedMessageSignatureError:
        return False
    texts = {label: base64.b64encode(value).decode() for label, value in values.items()}
    read = BLANKS.sub(",", data.decode()).replace('"', ":")
    assert ",".join(f"{label}=:{text}:" for label, text in texts.items()) == read
    return True


def base64_claim(data: bytes) -> bool:
    """Base64 in claims and keys: either alphabet, padded or not."""
    try:
        decoded = base64_text.decode(data.decode("latin-1"))
    except ValueError:
        return False
    assert len(decoded) <= len(data)
    return True


def host(data: bytes) -> bool:
    """What is taken for the origin is scheme and host, with nothing behind."""
    scope = {
        "method": "GET", "scheme": "https", "path": "/", "query_string": b"",
        "headers": [(b"host", data)],
    }  # fmt: skip
    origin = request_of(scope, None).origin
    assert origin in {"", f"https://{data.decode('latin-1')}"}
    assert not set(origin.removeprefix("https://")) & set("/?#@ \t\\\x00%,;")
    return bool(origin)


QUESTIONS = Questions((ipaddress.ip_network("10.0.0.0/8"),))
TOLD = ("x-original-method", "x-original-uri", "x-forwarded-method", "x-forwarded-uri",
        "x-forwarded-proto", "x-forwarded-host")  # fmt: skip


def question(data: bytes) -> bool:
    """What a gateway tells of the request it holds, a header a line, is one request or none."""
    headers = [
        (name.encode(), value)
        for name, value in zip(TOLD, data.split(b"\n"), strict=False)
        if value
    ]
    asked = request((b"host", b"proxy.test"), *headers, target="/attest")
    try:
        subject = QUESTIONS.subject(asked, {"type": "http", "peer": "10.0.0.1", "path": "/attest"})
    except OriginalRequestError:
        return False
    assert subject.path.startswith("/")
    assert not set(subject.target + subject.origin) & set("\x00\r\n #")
    return True


MAX_TEXT = 1000
"""Of an error: what it quotes is cut off."""


def apod_query(data: bytes) -> bool:
    """A query has one meaning, and what it means is spelled so that it means the same."""
    try:
        meant = query.parse(data, today=TODAY, max_days=366)
    except BadQueryError as error:
        if len(str(error)) > MAX_TEXT:
            raise AssertionError("an error that is too long") from error
        return False
    spelled = query.canonical(meant)
    if spelled is not None:
        again = query.parse(spelled, today=TODAY, max_days=366)
        assert again == meant
        assert query.canonical(again) == spelled
    return True


def record(data: bytes) -> bool:
    """A record is written out in one way, and that is a record again."""
    try:
        read = Record.from_json(data, asked=None, newest=TODAY)
    except InvalidRecordError:
        return False
    assert Record.from_json(read.body, asked=read.day, newest=TODAY) == read
    return True


def record_list(data: bytes) -> bool:
    """A list is of records within its range, each day once, in order."""
    start = TODAY - timedelta(days=40)
    try:
        read = Record.list_from_json(data, start=start, end=TODAY)
    except InvalidRecordError:
        return False
    days = [one.day for one in read]
    assert days == sorted(set(days))
    assert all(start <= day <= TODAY for day in days)
    return True


def recipient(data: bytes) -> bool:
    """A key to seal for has one spelling, and can be sealed for."""
    try:
        key = Recipient(data)
    except RecipientError:
        return False
    assert key.seal(b"value", name="x", version="1").count(".") == 4
    assert len(data) == 122
    return True


ROUTERS = Routers((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))
PEER = "10.0.0.1"


def client_address(data: bytes) -> bool:
    """The client is somebody with an address: the peer, or one that is told."""
    found = ROUTERS.client(PEER, [(b"x-forwarded-for", data)])
    by_all = Routers("*").client(PEER, [(b"x-forwarded-for", data)])
    for address in (found, by_all):
        assert str(ipaddress.ip_address(address)) == address
    return found != PEER


def request_id(data: bytes) -> bool:
    """An id is a word, whoever gave it."""
    given = request_id_of(data)
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given)
    return given.encode() == data


ANSWER = Answer(
    content=Content(b"{}\n"), etag='"' + "0" * 32 + '"', fetched_at=NOW, completed_at=NOW,
    fresh_until=NOW + 60, refresh_at=NOW + 60, cache="hit", days=(TODAY,),
)  # fmt: skip


def tags(data: bytes) -> bool:
    """`If-None-Match` has the tag, or is an asterisk."""
    is_unchanged = wish_of(ANSWER, [], [data.decode("latin-1")]).is_unchanged
    assert not is_unchanged or ANSWER.etag.encode() in data or b"*" in data
    return is_unchanged


def codings(data: bytes) -> bool:
    """`Accept-Encoding` takes gzip only if it is named."""
    is_taken = accepts_gzip([data.decode("latin-1")])
    assert not is_taken or b"gzip" in data.lower() or b"*" in data
    return is_taken


def upstream_path(data: bytes) -> bool:
    """A path that goes on to NASA goes there as it is, and leads nowhere else."""
    try:
        rest = below("/neo/", data)
    except UnsafePathError:
        return False
    assert b"/neo/" + rest.encode() == data
    assert not re.search(r"//|/\.\.?(/|$)|%2f|%5c|%00|\\|;", f"/{rest}", re.IGNORECASE)
    return True


def upstream_query(data: bytes) -> bool:
    """So does a query."""
    try:
        given = plain_query(data)
    except UnsafePathError:
        return False
    assert given.encode() == data
    assert not set(given) & set(" #;\r\n\x00")
    return True


def cache_control(data: bytes) -> bool:
    """What NASA says of lifetimes, ages behind a line feed, is a number of seconds in bounds."""
    text, _, age = data.decode("latin-1").partition("\n")
    lifetime = shared_lifetime({"Cache-Control": text, "Age": age})
    pause = retry_after({"Retry-After": text})
    assert 0 <= lifetime < 10**9
    assert pause is None or 0 <= pause <= 3600
    return bool(lifetime)
