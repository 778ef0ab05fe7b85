"""Everything that reads what strangers send, and what inputs for it are made of."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from astropiks.http_protocol import MAX_HEAD_BYTES
from attestation.compact import MAX_TOKEN_BYTES
from attestation.fields import MAX_FIELD_BYTES
from proxy.query import MAX_QUERY_BYTES
from proxy.sources.client import MAX_BODY_BYTES
from proxy.upstream_path import MAX_PATH_BYTES
from proxy.upstream_path import MAX_QUERY_BYTES as MAX_UPSTREAM_QUERY_BYTES
from secrets_service.sealing import SPKI_BYTES, public_text
from standin import archive
from tests.proof.attacks import attestation_checks, proxy_checks
from tests.proof.attacks.attestation_checks import (
    HEAD,
    INPUT,
    MADE,
    PLAIN_TOKEN,
    QUERY,
    SIGNATURE_TEXT,
    TOKEN,
)
from tests.proof.attacks.proxy_checks import ANSWER, TODAY


class Parser(NamedTuple):
    """What reads something.

    Attributes:
        check: see `attestation_checks` and `proxy_checks`.
        seeds: good inputs, and bad ones that go deep.
        words: what inputs of this kind are made of.
        longest: input that is read at all, in bytes: the product's own bound, where it has one for
            this; else what can get there.
    """

    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    words: Sequence[bytes]
    longest: int = MAX_HEAD_BYTES


def _records(*ago: int) -> bytes:
    days = [TODAY - timedelta(days=number) for number in ago]
    return json.dumps([archive.record(day) for day in days]).encode()


JSON_WORDS = (b'{"', b'":', b'"', b"[", b"]", b"{", b"}", b",", b"null", b"1e999", b"NaN",
              b"\\u0000", b"\\ud800", b"9" * 40, b"-", b"\xef\xbb\xbf")  # fmt: skip
FIELD_WORDS = (b"install=", b"account=", b"sig=", b"(", b")", b";", b":", b"=", b'"', b"@method",
               b"?1", b'"@target-uri"', b";created=1", b", ", b"\\", b"AAAA", b"1.5", b"%%", b"*",
               b";sf",
               b'"@query-param";name="x"', b"-999999999999999", b"@1")  # fmt: skip
PATH_WORDS = (b"/", b"..", b".", b"%2e", b"%2F", b"%00", b"%", b";", b"\\", b"//", b"?", b"#", b"&",
              b"+", b"%25", b"\xc3\xa9", b"@", b":")  # fmt: skip
ADDRESS_WORDS = (b", ", b"10.0.0.2", b"[::1]:80", b"::ffff:10.0.0.1", b"203.0.113.7",
                 b"fe80::1%eth0", b"unknown", b":", b".", b"1", b"fd00::1", b"0x7f.1")  # fmt: skip
CLAIMS_BYTES = (MAX_TOKEN_BYTES - len(HEAD) - len(SIGNATURE_TEXT) - len("..")) * 6 // 8
"""In the longest token that is read."""

HOST_BYTES = 253 + len(":65535")
REQUEST_ID_BYTES = 64
RECIPIENT_BYTES = -(-SPKI_BYTES * 8 // 6)
"""Of one in base64url without padding. These three are the longest that have the form at all."""

NASA_HEAD_BYTES = 100 << 10
"""The longest that `httpcore` reads."""

TOKENS = (TOKEN.encode(), PLAIN_TOKEN.encode())
RECIPIENT_TEXT = public_text(generate_private_key(SECP256R1()).public_key()).encode()

PARSERS: Mapping[str, Parser] = {
    "compact form of a token": Parser(
        attestation_checks.compact_form, TOKENS, (*JSON_WORDS, b".", b"=", b"eyJ"), MAX_TOKEN_BYTES
    ),
    "claims of a token": Parser(
        attestation_checks.claims,
        (b'{"exp":1795435200}', b'{"did":"ZGV2aWNlIGlk","pay":"AAAA"}'),
        (*JSON_WORDS, b',"exp":1', b"\xc3\xa9"),
        CLAIMS_BYTES,
    ),
    "token": Parser(
        attestation_checks.token,
        TOKENS,
        (b".", b"=", b"-", b"_", b"A", b" ", b"eyJhbGciOiJub25lIn0"),
        MAX_TOKEN_BYTES,
    ),
    "signature headers": Parser(
        attestation_checks.signature_headers,
        (f"{INPUT}\n{MADE}".encode(),),
        (*FIELD_WORDS, b"\n"),
        MAX_FIELD_BYTES,
    ),
    "Signature-Input": Parser(
        attestation_checks.signature_input,
        (INPUT.encode(), b'a=("date");x=1, b=();alg="y"'),
        FIELD_WORDS,
        MAX_FIELD_BYTES,
    ),
    "Signature, Content-Digest": Parser(
        attestation_checks.byte_sequences,
        (MADE.encode(), b'sha-256="AAAA"'),
        FIELD_WORDS,
        MAX_FIELD_BYTES,
    ),
    "base64 of claims": Parser(
        attestation_checks.base64_claim,
        (b"AAECAw==", b"_-8"),
        (b"=", b"+", b"-", b"/", b"_"),
        MAX_TOKEN_BYTES,
    ),
    "Host": Parser(
        attestation_checks.host, (b"proxy.test:443", b"[::1]:8080"), ADDRESS_WORDS, HOST_BYTES
    ),
    "headers of a gateway": Parser(
        attestation_checks.question,
        (b"GET\n/planetary/apod?date=2021-10-12", b"\n\nGET\n/x\nhttps\nproxy.test"),
        (*PATH_WORDS, b"\n", b"http", b"https", b"proxy.test"),
    ),
    "query": Parser(
        proxy_checks.apod_query,
        (QUERY.encode(), b"start_date=2021-10-01&end_date=2021-10-12&thumbs=true", b"count=5&hd=1"),
        (
            b"&",
            b"=",
            b"date=",
            b"api_key=",
            b"concept_tags=",
            b"%32",
            b"+",
            b"-",
            b"2024-2-30",
            b"%00",
        ),
        MAX_QUERY_BYTES,
    ),
    "record": Parser(
        proxy_checks.record,
        (_records(1)[1:-1], _records(40)[1:-1]),
        (*JSON_WORDS, b"javascript:", b"/wp-content/", b'"date": "2026-11-2'),
        MAX_BODY_BYTES,
    ),
    "list of records": Parser(
        proxy_checks.record_list, (_records(1, 2, 3),), JSON_WORDS, MAX_BODY_BYTES
    ),
    "Secret-Recipient": Parser(
        proxy_checks.recipient,
        (RECIPIENT_TEXT,),
        (b"MFkw", b"A", b"_", b"-", b"=", b"AAAA"),
        RECIPIENT_BYTES,
    ),
    "X-Forwarded-For": Parser(
        attestation_checks.client_address, (b"203.0.113.7, 10.0.0.2", b"[::1]:9"), ADDRESS_WORDS
    ),
    "X-Request-ID": Parser(
        attestation_checks.request_id,
        (b"from-the-router",),
        (b"-", b"_", b"\n", b" ", b"\xc2\xb2"),
        REQUEST_ID_BYTES,
    ),
    "If-None-Match": Parser(
        proxy_checks.tags, (ANSWER.etag.encode(), b'W/"x", *'), (b"W/", b'"', b", ", b"*", b"\\")
    ),
    "Accept-Encoding": Parser(
        proxy_checks.codings,
        (b"gzip;q=0.5, br", b"*;q=0"),
        (b"gzip", b";q=", b", ", b"0.000", b"1.0001", b"\t", b"*"),
    ),
    "path to NASA": Parser(
        proxy_checks.upstream_path,
        (b"/neo/rest/v1/feed", b"/neo/a%20b/"),
        PATH_WORDS,
        MAX_PATH_BYTES,
    ),
    "query to NASA": Parser(
        proxy_checks.upstream_query,
        (b"start_date=2021-10-01&x=%20",),
        PATH_WORDS,
        MAX_UPSTREAM_QUERY_BYTES,
    ),
    "Cache-Control": Parser(
        proxy_checks.cache_control,
        (b"public, max-age=60, s-maxage=5\n3", b"max-age=60", b"120"),
        (b",", b"=", b'"', b"no-store", b"9" * 10, b"max-age=", b"s-maxage=7"),
        NASA_HEAD_BYTES,
    ),
}
