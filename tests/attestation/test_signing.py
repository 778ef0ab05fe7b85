import base64
import dataclasses
import hashlib
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astropiks.mint import mint, sign
from astropiks.signer import AccountKey, InstallKey, sign_request
from attestation import errors, fields, request_errors, signature_base
from attestation.claims import Attestation
from attestation.errors import AttestationError
from attestation.keys import KeyRing, decode_secrets
from attestation.memory import ProcessReplayStore
from attestation.request import HttpRequest
from attestation.request_errors import MessageSignatureError
from attestation.signature_checks import P256_ORDER
from attestation.signing import Mode, SigningPolicy
from attestation.token import TokenVerifier
from attestation.verifier import Policy, RequestVerifier
from standin.calendar import SettableClock
from tests.attestation import vectors
from tests.attestation.settled import settled
from tests.conftest import MUTATIONS, SECRET, keys

P384 = (
    ec.generate_private_key(ec.SECP384R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
ORIGIN, PATH = "https://proxy.test", "/planetary/apod"
ACCOUNT_SECRET = b"the account's message-signing key"
INSTALL = InstallKey()
ACCOUNT = AccountKey(ACCOUNT_SECRET)


def request(
    headers: Mapping[str, str],
    *,
    path: str = PATH,
    query: str | None = "date=2021-10-12",
    method: str = "GET",
) -> HttpRequest:
    """Make a request as received."""
    received = tuple(
        (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
    )
    return HttpRequest(method=method, origin=ORIGIN, path=path, query=query, headers=received)


def verifier(
    clock: SettableClock, mode: Mode = "required", account: bytes | None = None
) -> RequestVerifier:
    """Make a verifier that looks at signatures."""
    policy = Policy(signing=SigningPolicy(mode=mode, account_key=account))
    return RequestVerifier(keys(), policy, clock=clock)


def verify(checking: RequestVerifier, received: HttpRequest, body: bytes = b"") -> Attestation:
    """Run both steps."""
    attestation = checking.verify_head(received)
    return settled(checking.verify_signature(attestation, received, body))


def signed(
    clock: SettableClock,
    key: InstallKey | AccountKey = INSTALL,
    *,
    ipk: bytes | None = INSTALL.public,
    body: bytes = b"",
    url: str = f"{ORIGIN}{PATH}?date=2021-10-12",
    method: str = "GET",
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Sign as the service layer does."""
    token = mint(SECRET, now=clock.now, install_key=ipk)
    return sign_request(
        key, method, url, {"Approov-Token": token, **(more or {})}, now=clock.now, body=body
    )


def test_install(clock: SettableClock) -> None:
    """A request signed by the install whose key the token carries is accepted."""
    assert verify(verifier(clock), request(signed(clock))).install_key == INSTALL.public


def test_account(clock: SettableClock) -> None:
    """So is one signed with the account's key."""
    verify(verifier(clock, account=ACCOUNT_SECRET), request(signed(clock, ACCOUNT, ipk=None)))


def both(clock: SettableClock) -> dict[str, str]:
    """Sign with both keys, as versions 3.7 and later do."""
    headers = signed(clock)
    token = {"Approov-Token": headers["Approov-Token"]}
    other = sign_request(ACCOUNT, "GET", f"{ORIGIN}{PATH}?date=2021-10-12", token, now=clock.now)
    names = ("Signature-Input", "Signature")
    return {**headers, **{name: f"{headers[name]}, {other[name]}" for name in names}}


def test_both(clock: SettableClock) -> None:
    """Two signatures share the headers; with an account key both are verified."""
    verify(verifier(clock, account=ACCOUNT_SECRET), request(both(clock)))
    verify(verifier(clock), request(both(clock)))
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock, account=b"x" * 32), request(both(clock)))


def test_body(clock: SettableClock) -> None:
    """A body is covered by its digest."""
    headers = signed(clock, body=b"body", method="POST")
    verify(verifier(clock), request(headers, method="POST"), b"body")
    with pytest.raises(request_errors.ContentDigestError):
        verify(verifier(clock), request(headers, method="POST"), b"Body")


@pytest.mark.parametrize("mode", ["if-present", "required"])
def test_install_key_obliges(clock: SettableClock, mode: Mode) -> None:
    """A token with an install key and no signature is refused in every mode but off."""
    headers = {"Approov-Token": signed(clock)["Approov-Token"]}
    with pytest.raises(request_errors.MissingMessageSignatureError):
        verify(verifier(clock, mode), request(headers))
    verify(verifier(clock, "off"), request(headers))


def test_account_is_no_way_round(clock: SettableClock) -> None:
    """Nor does an account signature stand in for the install's."""
    headers = signed(clock, ACCOUNT)
    with pytest.raises(request_errors.MissingMessageSignatureError):
        verify(verifier(clock, "if-present", ACCOUNT_SECRET), request(headers))


def test_unsigned(clock: SettableClock, token: str) -> None:
    """Without install key and signature, it depends on the mode."""
    headers = {"Approov-Token": token}
    verify(verifier(clock, "if-present"), request(headers))
    with pytest.raises(request_errors.MissingMessageSignatureError):
        verify(verifier(clock, "required"), request(headers))


def test_no_key(clock: SettableClock) -> None:
    """A signature that nothing here can verify is not taken on trust."""
    for headers in (signed(clock, ipk=None), signed(clock, ACCOUNT, ipk=None)):
        with pytest.raises(request_errors.MessageSigningKeyError):
            verify(verifier(clock, "if-present"), request(headers))


def test_other_labels(clock: SettableClock) -> None:
    """A label that is not Approov's is let be, and proves nothing."""
    headers = signed(clock)
    names = ("Signature-Input", "Signature")
    with_more = {
        name: f"{headers[name]}, {headers[name].replace('install', 'other')}" for name in names
    }
    verify(verifier(clock), request({**headers, **with_more}))
    alone = {name: headers[name].replace("install", "other") for name in names}
    with pytest.raises(request_errors.MissingMessageSignatureError):
        verify(verifier(clock), request({**headers, **alone}))


CHANGES = {
    "method": {"method": "POST"},
    "path": {"path": "/secrets"},
    "query": {"query": "date=2021-10-13"},
    "query order": {"query": "x=1&date=2021-10-12"},
    "no query": {"query": None},
    "encoding": {"query": "date=2021%2D10-12"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_request(clock: SettableClock, change: dict[str, str]) -> None:
    """A signature fits one request only."""
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request(signed(clock), **change))


def test_changed_token(clock: SettableClock) -> None:
    """A signature fits one token only, even where both are genuine and of one install."""
    headers = signed(clock)
    clock.advance(seconds=1)
    with pytest.raises(MessageSignatureError):
        verify(
            verifier(clock), request({**headers, "Approov-Token": signed(clock)["Approov-Token"]})
        )


def test_other_origin(clock: SettableClock) -> None:
    """A signature for another host is no good here."""
    headers = signed(clock, url=f"https://other.test{PATH}?date=2021-10-12")
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request(headers))


def test_changed_header(clock: SettableClock) -> None:
    """A covered header is protected, an uncovered one is not."""
    headers = signed(clock, more={"Authorization": "Bearer one"})
    verify(verifier(clock), request({**headers, "Accept": "anything"}))
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request({**headers, "Authorization": "Bearer two"}))


def test_repeated_header(clock: SettableClock) -> None:
    """RFC 9421 section 2.1: the values of a repeated header are joined by comma and blank."""
    headers = signed(clock, more={"X-Twice": "one, two"})
    received = request(headers)
    split = [pair for pair in received.headers if pair[0] != b"x-twice"]
    twice = HttpRequest(
        method="GET",
        origin=ORIGIN,
        path=PATH,
        query="date=2021-10-12",
        headers=(*split, (b"x-twice", b" one"), (b"x-twice", b"two ")),
    )
    verify(verifier(clock), twice)


@pytest.mark.parametrize(
    ("covered", "name"),
    [
        (["@target-uri", "approov-token"], "@method"),
        (["@method", "approov-token"], "@target-uri"),
        (["@method", "@target-uri"], "approov-token"),
        (["@method", "@path", "@query", "@authority", "approov-token"], "@target-uri"),
        ([], "approov-token"),
    ],
)
def test_coverage(clock: SettableClock, covered: list[str], name: str) -> None:
    """RFC 9421 section 7.2.1: a good signature over too little is no signature."""
    headers = resigned(clock, covered)
    with pytest.raises(request_errors.UncoveredComponentError, match=name):
        verify(verifier(clock), request(headers))


def resigned(
    clock: SettableClock, covered: list[str], parameters: str | None = None
) -> dict[str, str]:
    """Sign other components or parameters than the service layer would."""
    token = mint(SECRET, now=clock.now, install_key=INSTALL.public)
    parameters = parameters if parameters is not None else f";created={int(clock.now)}"
    names = " ".join(f'"{name}"' for name in covered)
    text = f"install=({names}){parameters}"
    received = request({"Approov-Token": token, "Signature-Input": text, "Host": "proxy.test"})
    given = fields.signature_inputs(received)["install"]
    base = signature_base.build(received, given)[0]
    value = base64.b64encode(INSTALL.sign(base)).decode()
    return {
        "Approov-Token": token,
        "Signature-Input": text,
        "Signature": f"install=:{value}:",
        "Host": "proxy.test",
    }


DEFAULT = ["@method", "@target-uri", "approov-token"]


def test_uncovered_body(clock: SettableClock) -> None:
    """A body, or a digest, that is not covered is not protected, and refused."""
    headers = resigned(clock, DEFAULT)
    with pytest.raises(request_errors.UncoveredComponentError, match="content-digest"):
        verify(verifier(clock), request(headers), b"body")
    digest = {"Content-Digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}
    with pytest.raises(request_errors.UncoveredComponentError, match="content-digest"):
        verify(verifier(clock), request({**headers, **digest}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "get"])
def test_hidden_body(clock: SettableClock, method: str) -> None:
    """Where a body may have come unseen, only what has none by its method is accepted."""
    received = request(signed(clock, method=method), method=method)
    verify(verifier(clock), received)
    hidden = dataclasses.replace(received, hides_body=True)
    if method in {"GET", "HEAD"}:
        verify(verifier(clock), hidden)
    else:
        with pytest.raises(request_errors.BodyError):
            verify(verifier(clock), hidden)


def test_components() -> None:
    """RFC 9421 section 2.2: further components may be covered; each has its own value."""
    names = ["@scheme", "@authority", "@path", "@query", "@request-target", "host"]
    listed = " ".join(f'"{name}"' for name in names)
    text = f'install=({listed} "@query-param";name="b%20c");created=1'
    received = HttpRequest(
        method="GET",
        origin="HTTPS://Example.com:443",
        path="/a%7Cb",
        query="x=1&b+c=%C3%A9+1&y=",
        headers=((b"host", b" Example.com "), (b"signature-input", text.encode())),
    )
    (base, *_) = signature_base.build(received, fields.signature_inputs(received)["install"])
    assert base.decode() == (
        '"@scheme": https\n'
        '"@authority": example.com\n'
        '"@path": /a%7Cb\n'
        '"@query": ?x=1&b+c=%C3%A9+1&y=\n'
        '"@request-target": /a%7Cb?x=1&b+c=%C3%A9+1&y=\n'
        '"host": Example.com\n'
        '"@query-param";name="b%20c": %C3%A9%201\n'
        f'"@signature-params": {text.removeprefix("install=")}'
    )


@pytest.mark.parametrize("query", ["x=1&x=2", "y=1", "", "&".join(f"a{n}" for n in range(500))])
def test_query_param(clock: SettableClock, query: str) -> None:
    """A query parameter that is absent, repeated, or one of too many is refused."""
    headers = resigned(clock, DEFAULT)
    text = headers["Signature-Input"].replace(
        '"approov-token"', '"approov-token" "@query-param";name="x"'
    )
    with pytest.raises(request_errors.MalformedMessageSignatureError):
        verify(verifier(clock), request({**headers, "Signature-Input": text}, query=query))


def test_many_components(clock: SettableClock) -> None:
    """How much a signature may cover is bounded, and so is what it costs to look at it."""
    headers = resigned(clock, DEFAULT)
    many = " ".join(f'"@query-param";name="{n}"' for n in range(40))
    text = headers["Signature-Input"].replace('"approov-token"', f'"approov-token" {many}')
    with pytest.raises(request_errors.MalformedMessageSignatureError, match="short"):
        verify(verifier(clock), request({**headers, "Signature-Input": text}))


def test_account_hint(clock: SettableClock) -> None:
    """A token that names an account key obliges to sign, where that key is known here."""
    claims = {"exp": clock.now + 60, "mskid": "key-1"}
    headers = {"Approov-Token": sign({"alg": "HS256"}, claims, SECRET)}
    verify(verifier(clock, "if-present"), request(headers))
    with pytest.raises(request_errors.MissingMessageSignatureError):
        verify(verifier(clock, "if-present", ACCOUNT_SECRET), request(headers))


def test_stripped_label(clock: SettableClock) -> None:
    """A replay without the account's signature is a replay."""
    checking, headers = verifier(clock, account=ACCOUNT_SECRET), both(clock)
    verify(checking, request(headers))
    names = ("Signature-Input", "Signature")
    stripped = {name: headers[name].partition(", account=")[0] for name in names}
    with pytest.raises(request_errors.ReplayError):
        verify(checking, request({**headers, **stripped}))


@pytest.mark.parametrize("seconds", [0, 19, 64])
def test_replay_until_it_expires(clock: SettableClock, seconds: int) -> None:
    """It is remembered for as long as it would be accepted."""
    checking = verifier(clock)
    received = request(resigned(clock, DEFAULT))
    verify(checking, received)
    clock.advance(seconds=seconds)
    with pytest.raises(request_errors.ReplayError):
        verify(checking, received)


def test_no_origin(clock: SettableClock) -> None:
    """Without one clear host there is no address that could have been signed."""
    headers = signed(clock, url=f"{PATH}?date=2021-10-12")
    received = dataclasses.replace(request(headers), origin="")
    with pytest.raises(request_errors.MalformedMessageSignatureError):
        verify(verifier(clock), received)


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
def test_surplus_label(clock: SettableClock, name: str) -> None:
    """A label in one of the two headers alone is refused."""
    headers = signed(clock)
    surplus = headers[name].replace("install", "other")
    with pytest.raises(request_errors.MalformedMessageSignatureError, match="labels"):
        verify(verifier(clock), request({**headers, name: f"{headers[name]}, {surplus}"}))


class BrokenStore:
    """A replay store that fails in a way nobody foresaw."""

    async def admit(self, signature: bytes, until: float, signer: bytes = b"") -> bool:
        """Fail."""
        raise ZeroDivisionError(signature, until, signer)


def test_fails_closed(clock: SettableClock) -> None:
    """When verification itself breaks, the request is refused, and the cause is not quoted."""
    policy = Policy(signing=SigningPolicy(mode="required"))
    checking = RequestVerifier(keys(), policy, clock=clock, replays=BrokenStore())
    with pytest.raises(errors.VerificationFailureError) as refusal:
        verify(checking, request(signed(clock)))
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "covered",
    [
        '"@status"',
        '"@unknown"',
        '"@method";req',
        '"host";bs',
        '"host";sf',
        '"@query-param"',
        '"@query-param";name="absent"',
        '"x-absent"',
        '"@method"',
        '"Host"',
        "host",
        "1",
        '"@signature-params"',
    ],
)
def test_unknown_components(clock: SettableClock, covered: str) -> None:
    """What is unknown, absent, repeated or not a lower-case string is refused."""
    headers = resigned(clock, DEFAULT)
    text = headers["Signature-Input"].replace('"approov-token"', f'"approov-token" {covered}')
    with pytest.raises(request_errors.MalformedMessageSignatureError):
        verify(verifier(clock), request({**headers, "Signature-Input": text}))


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ("", request_errors.MalformedMessageSignatureError),
        (";created=1.5", request_errors.MalformedMessageSignatureError),
        (';created="1"', request_errors.MalformedMessageSignatureError),
        (";created={now};expires", request_errors.MalformedMessageSignatureError),
        (';created={now};alg="hmac-sha256"', request_errors.MalformedMessageSignatureError),
        (';created={now};alg="rsa-pss-sha512"', request_errors.MalformedMessageSignatureError),
        (";created={now};other=1", request_errors.MalformedMessageSignatureError),
        (";created={now};expires={now}", None),
        (';created={now};nonce="x";keyid="y";tag="z"', None),
        (";created={now}", None),
    ],
)
def test_parameters(
    clock: SettableClock, parameters: str, error: type[AttestationError] | None
) -> None:
    """RFC 9421 section 2.3: parameters are known, typed, and fit the label."""
    headers = resigned(clock, DEFAULT, parameters.replace("{now}", str(int(clock.now))))
    if error is None:
        verify(verifier(clock), request(headers))
        return
    with pytest.raises(error):
        verify(verifier(clock), request(headers))


@pytest.mark.parametrize(
    ("created", "expires", "good"),
    [
        (5, 20, True),
        (6, 21, False),
        (-64, 100, True),
        (-65, 100, False),
        (-10, -4, True),
        (-10, -5, False),
    ],
)
def test_time(clock: SettableClock, created: int, expires: int, *, good: bool) -> None:
    """A signature is good from created to its age limit or expires, with the skew on both sides."""
    now = int(clock.now)
    headers = resigned(clock, DEFAULT, f";created={now + created};expires={now + expires}")
    if good:
        verify(verifier(clock), request(headers))
        return
    with pytest.raises(request_errors.MessageSignatureTimeError):
        verify(verifier(clock), request(headers))


def test_replay(clock: SettableClock) -> None:
    """A signature is good once."""
    checking, received = verifier(clock), request(signed(clock))
    verify(checking, received)
    with pytest.raises(request_errors.ReplayError):
        verify(checking, received)


def test_replay_of_the_other_form(clock: SettableClock) -> None:
    """The second valid form of an ECDSA signature, (r, n - s), is the same signature."""
    checking, headers = verifier(clock), signed(clock)
    verify(checking, request(headers))
    raw = base64.b64decode(headers["Signature"].removeprefix("install=:").rstrip(":"))
    turned = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    value = f"install=:{base64.b64encode(turned).decode()}:"
    with pytest.raises(request_errors.ReplayError):
        verify(checking, request({**headers, "Signature": value}))


@pytest.mark.parametrize("named", ["device", "install"])
def test_share_of_one_device(clock: SettableClock, named: str) -> None:
    """Who signs without end uses up a share of the memory for signatures, and not that of all."""
    store = ProcessReplayStore(clock, share=2)
    policy = Policy(signing=SigningPolicy(mode="required"))
    checking = RequestVerifier(keys(), policy, clock=clock, replays=store)

    def ask(key: InstallKey, second: int) -> None:
        claims: dict[str, object] = {"exp": clock.now + 60, "did": "one of many"}
        if named == "device":
            claims["did"] = base64.b64encode(key.public[-16:]).decode()
        else:
            del claims["did"]
        claims["ipk"] = base64.b64encode(key.public).decode()
        token = {"Approov-Token": sign({"alg": "HS256"}, claims, SECRET)}
        url = f"{ORIGIN}{PATH}?date=2021-10-12"
        headers = sign_request(key, "GET", url, token, now=clock.now + second)
        verify(checking, request(headers))

    ask(INSTALL, 0)
    ask(INSTALL, 1)
    with pytest.raises(request_errors.ReplayStoreFullError):
        ask(INSTALL, 2)
    ask(InstallKey(), 0)


def test_forgery_does_not_spend(clock: SettableClock) -> None:
    """A refused request does not use up the signature of the genuine one."""
    checking, headers = verifier(clock), signed(clock)
    with pytest.raises(MessageSignatureError):
        verify(checking, request(headers, method="POST"))
    verify(checking, request(headers))


SIGNATURES = {
    "absent label": "other=:AA==:",
    "no dictionary": "install",
    "no bytes": "install=1",
    "token": "install=abc",
    "bad base64 string": 'install="%%"',
    "empty": "install=::",
    "short": f"install=:{base64.b64encode(b'x' * 63).decode()}:",
    "zeros": f"install=:{base64.b64encode(bytes(64)).decode()}:",
    "high r": f"install=:{base64.b64encode(bytes([255] * 64)).decode()}:",
    "twice": "install=:AA==:, install=:AA==:",
    "not ASCII": "install=:é:",
}


@pytest.mark.parametrize("value", SIGNATURES.values(), ids=SIGNATURES)
def test_bad_signatures(clock: SettableClock, value: str) -> None:
    """A signature that is none is refused, in whatever way it is none."""
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request({**signed(clock), "Signature": value}))


def test_der_signature(clock: SettableClock) -> None:
    """On the wire ECDSA is r and s; the DER form would be a second spelling."""
    headers = signed(clock)
    raw = base64.b64decode(headers["Signature"].removeprefix("install=:").rstrip(":"))
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    value = f"install=:{base64.b64encode(der).decode()}:"
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request({**headers, "Signature": value}))
    verify(verifier(clock), request(headers))


def test_string_signature(clock: SettableClock) -> None:
    """The service layer for OkHttp 3.5.2 to 3.5.6 sends the signature as a string."""
    headers = signed(clock)
    value = headers["Signature"].replace("install=:", 'install="').removesuffix(":") + '"'
    verify(verifier(clock), request({**headers, "Signature": value}))


@pytest.mark.parametrize("change", [("created", "created ="), (" ", "  "), (";alg", "; alg")])
def test_not_canonical(clock: SettableClock, change: tuple[str, str]) -> None:
    """A signature input in another spelling than the canonical one is refused."""
    headers = signed(clock)
    text = headers["Signature-Input"].replace(*change)
    with pytest.raises(request_errors.MalformedMessageSignatureError):
        verify(verifier(clock), request({**headers, "Signature-Input": text}))


def test_canonical_elsewhere(clock: SettableClock) -> None:
    """That the canonical text stands somewhere in the header does not make up for it."""
    headers = signed(clock)
    text = headers["Signature-Input"]
    loose = text.replace(" ", "  ")
    names = {
        "Signature-Input": f"x{text}, {loose}",
        "Signature": f"x{headers['Signature']}, {headers['Signature']}",
    }
    with pytest.raises(request_errors.MalformedMessageSignatureError, match="canonical"):
        verify(verifier(clock), request({**headers, **names}))


def test_loose_base64(clock: SettableClock) -> None:
    """Nor has a signature a second spelling by the spare bits of its base64."""
    headers = signed(clock)
    value = headers["Signature"]
    loose = value[:-4] + chr(ord(value[-4]) + 1) + value[-3:]
    if base64.b64decode(loose[9:-1]) != base64.b64decode(value[9:-1]):
        loose = value[:-4] + chr(ord(value[-4]) - 1) + value[-3:]
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request({**headers, "Signature": loose}))


def test_oversized(clock: SettableClock) -> None:
    """The length of the headers is bounded before they are read."""
    with pytest.raises(request_errors.MalformedMessageSignatureError, match="longer"):
        verify(verifier(clock), request({**signed(clock), "Signature": "x" * 20_000}))


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/a|b", None, "https://proxy.test/a%7Cb"),
        ("/a|b", None, "https://proxy.test/a|b"),
        ("/a", 'q="x"', "https://proxy.test/a?q=%22x%22"),
        ("/a%7Cb", None, "https://proxy.test/a%7Cb"),
        ("/a", "q=\xc3\xa9", "https://proxy.test/a?q=%C3%A9"),
        ("/a", None, "https://proxy.test/a?"),
        ("/", None, "https://proxy.test"),
        ("/", None, "https://proxy.test/"),
    ],
)
def test_target_uri_forms(clock: SettableClock, path: str, query: str | None, url: str) -> None:
    """The spellings of one address that Approov's clients are known to sign are accepted."""
    verify(verifier(clock), request(signed(clock, url=url), path=path, query=query))


@pytest.mark.parametrize(
    "ipk",
    [
        b"",
        b"\x00" * 91,
        INSTALL.public[:-1],
        INSTALL.public[:-1] + bytes([INSTALL.public[-1] ^ 1]),
        P384,
    ],
)
def test_bad_install_key(clock: SettableClock, ipk: bytes) -> None:
    """RFC 8725 section 3.4: an install key that is no point of P-256 is refused."""
    with pytest.raises(request_errors.MessageSigningKeyError):
        verify(verifier(clock), request(signed(clock, ipk=ipk)))


def test_other_install(clock: SettableClock) -> None:
    """Another install's signature is no good, though that install is genuine too."""
    headers = signed(clock, InstallKey())
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), request(headers))


SHA512 = base64.b64encode(hashlib.sha512(b"My test message body").digest()).decode()


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("sha-256=:GxReGBeVF8yUIjhFWTQcu0WFWAc+ynqbj1vWOA9SRaE=:", True),
        ('sha-256="GxReGBeVF8yUIjhFWTQcu0WFWAc+ynqbj1vWOA9SRaE="', True),
        ("sha-256=:GxReGBeVF8yUIjhFWTQcu0WFWAc+ynqbj1vWOA9SRaE=:, md5=:AA==:", True),
        ("sha-256=:GxReGBeVF8yUIjhFWTQcu0WFWAc+ynqbj1vWOA9SRaE=:, sha-512=:AA==:", False),
        (f"sha-512=:{SHA512}:", True),
        ("md5=:AA==:", False),
        ("sha-256=:AA==:", False),
        ("sha-256", False),
        ("", False),
    ],
)
def test_digests(clock: SettableClock, header: str, *, good: bool) -> None:
    """RFC 9530: every known digest has to fit the body, and one has to be known."""
    body = b"My test message body"
    covered = [*DEFAULT, "content-digest"]
    token = mint(SECRET, now=clock.now, install_key=INSTALL.public)
    names = " ".join(f'"{name}"' for name in covered)
    text = f"install=({names});created={int(clock.now)}"
    headers = {"Approov-Token": token, "Content-Digest": header, "Signature-Input": text}
    received = request(headers)
    given = fields.signature_inputs(received)["install"]
    base = signature_base.build(received, given)[0]
    value = base64.b64encode(INSTALL.sign(base)).decode()
    received = request({**headers, "Signature": f"install=:{value}:"})
    if good:
        verify(verifier(clock), received, body)
        return
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), received, body)


@pytest.mark.parametrize("name", vectors.SIGNED)
def test_published_signatures(name: str) -> None:
    """Approov's published requests give the published bases, and T2 is accepted as it stands."""
    covered, signature, base_hash = vectors.SIGNED[name]
    headers = {
        "approov-token": vectors.TOKEN_B9,
        "signature-input": f"install={covered}{vectors.PARAMETERS}",
        "signature": f"install=:{signature}:",
    }
    received = HttpRequest(
        method="GET",
        origin=vectors.ORIGIN,
        path=vectors.PATH,
        query=vectors.QUERY,
        headers=tuple((key.encode(), value.encode()) for key, value in headers.items()),
    )
    given = fields.signature_inputs(received)["install"]
    base = signature_base.build(received, given)[0]
    assert base64.b64encode(hashlib.sha256(base).digest()).decode() == base_hash
    checking = RequestVerifier(
        KeyRing(decode_secrets(vectors.SECRET_B)),
        Policy(signing=SigningPolicy(mode="required")),
        clock=lambda: vectors.CREATED + 1,
    )
    if name == "T2":
        assert verify(checking, received).device_id == "ExampleApproovTokenDID=="
        return
    with pytest.raises(request_errors.UncoveredComponentError):  # T1 leaves the address out
        verify(checking, received)


def test_published_token() -> None:
    """B9 carries the published install key."""
    verifier = TokenVerifier(
        KeyRing(decode_secrets(vectors.SECRET_B)), clock=lambda: vectors.CREATED
    )
    attestation = verifier.verify(vectors.TOKEN_B9.encode())
    assert attestation.install_key == vectors.install_key().public
    assert attestation.address == "1.2.3.4"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=MUTATIONS,
    deadline=None,
)
@given(data=st.data())
def test_any_change(clock: SettableClock, data: st.DataObject) -> None:
    """A change of one byte of a covered component or of the signature is refused."""
    headers = signed(clock, more={"Authorization": "Bearer abc"})
    name = data.draw(st.sampled_from([*headers, "path", "query"]))
    parts = {**headers, "path": PATH, "query": "date=2021-10-12"}
    original = parts[name]
    place = data.draw(st.integers(0, len(original) - 1))
    character = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    parts[name] = original[:place] + character + original[place + 1 :]
    if parts[name] == original:
        return
    path, query = parts.pop("path"), parts.pop("query")
    with pytest.raises(AttestationError):
        verify(verifier(clock), request(parts, path=path, query=query))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=MUTATIONS)
@given(given_input=st.binary(max_size=60), signature=st.binary(max_size=60))
def test_any_bytes(clock: SettableClock, given_input: bytes, signature: bytes) -> None:
    """Whatever bytes come in the two headers, nothing but the package's own errors leaves it."""
    token = mint(SECRET, now=clock.now, install_key=INSTALL.public).encode()
    received = HttpRequest(
        method="GET",
        origin=ORIGIN,
        path=PATH,
        query=None,
        headers=(
            (b"approov-token", token),
            (b"signature-input", given_input),
            (b"signature", signature),
        ),
    )
    with pytest.raises(MessageSignatureError):
        verify(verifier(clock), received)
