"""What each parser of `attestation` promises, and of what stands before it at the gate.

A check gives an input to a parser and tells whether it was accepted. It raises if anything but the
documented exceptions comes out, or if what was accepted is not what a reader written here, in
another way, takes it for.
"""

import base64
import ipaddress
import json
import re
from typing import NoReturn

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
from tests.attestation.settled import settled

SECRET = b"the attestation secret of the fuzzed parsers, which nobody uses."
KEYS = KeyRing((HmacKey(SECRET),))
NOW = 1_795_435_200.0
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


HEAD = base64url(b'{"alg":"HS256","typ":"JWT"}').encode()
SIGNATURE_TEXT = b"AAAA"


def claims(data: bytes) -> bool:
    """Claims are one JSON object in UTF-8, with no member twice and nothing that is not JSON."""
    try:
        parsed = compact.parse(b".".join((HEAD, base64url(data).encode(), SIGNATURE_TEXT)))
    except MalformedTokenError:
        return False
    read = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    assert dict(parsed.claims) == read
    assert data.count(b"[") + data.count(b"{") <= 32
    return True


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def _refuse(text: str) -> NoReturn:
    raise AssertionError(text)


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


def _narrow(text: str) -> str:
    """Leave out blanks around commas; at the ends there are none."""
    assert text == text.strip(" \t")
    return ",".join(one.strip(" \t") for one in text.split(","))


def signature_input(data: bytes) -> bool:
    """`Signature-Input` is written out as it was read."""
    try:
        inputs = fields.signature_inputs(request((b"signature-input", data)))
    except MalformedMessageSignatureError:
        return False
    written = ",".join(f"{label}={one.text}" for label, one in inputs.items())
    assert _narrow(written) == _narrow(data.decode())
    return True


def byte_sequences(data: bytes) -> bool:
    """`Signature` and `Content-Digest` are written out as they were read."""
    try:
        values = fields.byte_sequences(request((b"signature", data)), "signature")
    except MalformedMessageSignatureError:
        return False
    texts = {label: base64.b64encode(value).decode() for label, value in values.items()}
    read = _narrow(data.decode()).replace('"', ":")
    assert ",".join(f"{label}=:{text}:" for label, text in texts.items()) == read
    return True


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def base64_claim(data: bytes) -> bool:
    """Base64 in claims and keys is read bit by bit: either alphabet, padded or not."""
    text = data.decode("latin-1")
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64_text.decode(text)
    except ValueError:
        assert set(plain) - set(ALPHABET) or len(plain) % 4 == 1
        return False
    bits = "".join(f"{ALPHABET.index(one):06b}" for one in plain)
    whole = len(bits) // 8
    assert decoded == bytes(int(bits[at : at + 8], 2) for at in range(0, 8 * whole, 8))
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


CLEAR = {
    "method": re.compile(r"[A-Z]{1,9}"),
    "uri": re.compile(r"/[a-z0-9/?=&.%-]*"),
    "proto": re.compile(r"https?"),
    "host": re.compile(r"[a-z]{1,40}(:[0-9]{1,5})?"),
}
"""What nobody can misunderstand: a part of what is accepted."""


def question(data: bytes) -> bool:
    """What a gateway tells of the request it holds, a header a line, is one request or none.

    What it says of anything is what is taken; if it says something twofold, nothing is.
    """
    lines = zip(TOLD, data.split(b"\n"), strict=False)
    headers = [(name.encode(), value) for name, value in lines if value]
    told: dict[str, set[str]] = {kind: set() for kind in CLEAR}
    for name, value in headers:  # such as X-Forwarded-Host
        told[name.decode().rpartition("-")[2]].add(value.decode("latin-1"))
    if told["proto"] and not told["host"]:
        told["host"] = {"proxy.test"}
    asked = request((b"host", b"proxy.test"), *headers, target="/attest")
    try:
        subject = QUESTIONS.subject(asked, {"type": "http", "peer": "10.0.0.1", "path": "/attest"})
    except OriginalRequestError:
        said = {kind: texts for kind, texts in told.items() if texts}
        is_whole = {"method", "uri"} <= said.keys() and ("proto" in said) == ("host" in said)
        assert not is_whole or not all(
            len(texts) == 1 and CLEAR[kind].fullmatch(min(texts)) for kind, texts in said.items()
        )
        return False
    if not told["method"] and not told["uri"]:
        assert subject is asked
        return False
    assert told["method"] == {subject.method}
    assert {re.sub(r"^([^?]*)\?$", r"\1", one) for one in told["uri"]} == {subject.target}
    assert bool(told["proto"]) == bool(told["host"])
    (scheme,), (authority,) = told["proto"] or {"https"}, told["host"] or {"proxy.test"}
    assert subject.origin == f"{scheme}://{authority}"
    assert subject.hides_body
    assert subject.path.startswith("/")
    assert not set(subject.target + subject.origin) & set("\x00\r\n #")
    assert not set(authority) & set("/?@\\,;")
    return True


ROUTERS = Routers((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))
PEER = "10.0.0.1"
MOST_HOPS = 20


def client_address(data: bytes) -> bool:
    """The client is the first who is no router, from the connection outwards; or the last known."""
    told: list[str] = []
    for hop in reversed(data.decode("latin-1").split(",")[-MOST_HOPS:]):
        if hop.strip():
            address = _address(hop.strip())
            if address is None:
                break
            told.append(str(address))
    chain = [PEER, *told]
    outside = [one for one in chain if not _is_router(one)]
    headers = [(b"x-forwarded-for", data)]
    found = ROUTERS.client(PEER, headers)
    assert found == (outside or chain[-1:])[0]
    assert Routers("*").client(PEER, headers) == (told or chain)[0]
    return found != PEER


def _address(hop: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address: in brackets, or with something for a port behind it, or bare."""
    in_brackets = re.match(r"\[([^\]]*)", hop)
    bare = in_brackets[1] if in_brackets else hop
    with_port = re.fullmatch(r"([^:]*):[^:]*", bare)
    try:
        address = ipaddress.ip_address(with_port[1] if with_port else bare)
    except ValueError:
        return None
    return address if getattr(address, "scope_id", None) is None else None


def _is_router(text: str) -> bool:
    address = ipaddress.ip_address(text)
    packed = (getattr(address, "ipv4_mapped", None) or address).packed
    return packed[0] == (10 if len(packed) == 4 else 0xFD)


WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


def request_id(data: bytes) -> bool:
    """An id is a word, whoever gave it; a word of the right length is left as it is."""
    given = request_id_of(data)
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given)
    is_word = 8 <= len(data) <= 64 and not data.strip(WORD)
    assert (given.encode() == data) == is_word
    return is_word
