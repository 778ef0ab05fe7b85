"""Everything that reads what strangers send, and what inputs for it are made of."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from secrets_service.sealing import public_text
from standin import archive
from tests.proof.attacks import checks
from tests.proof.attacks.checks import ANSWER, INPUT, MADE, PLAIN_TOKEN, QUERY, TODAY, TOKEN


class Parser(NamedTuple):
    """What reads something.

    Attributes:
        check: see `tests.proof.attacks.checks`.
        seeds: good inputs, and bad ones that go deep.
        words: what inputs of this kind are made of.
        most_bytes: the longest input that can get there.
    """

    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    words: Sequence[bytes]
    most_bytes: int = 32 << 10


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
TOKENS = (TOKEN.encode(), PLAIN_TOKEN.encode())
RECIPIENT_TEXT = public_text(generate_private_key(SECP256R1()).public_key()).encode()

PARSERS: Mapping[str, Parser] = {
    "compact form of a token": Parser(
        checks.compact_form, TOKENS, (*JSON_WORDS, b".", b"=", b"eyJ")
    ),
    "token": Parser(
        checks.token, TOKENS, (b".", b"=", b"-", b"_", b"A", b" ", b"eyJhbGciOiJub25lIn0")
    ),
    "signature headers": Parser(
        checks.signature_headers, (f"{INPUT}\n{MADE}".encode(),), (*FIELD_WORDS, b"\n")
    ),
    "Signature-Input": Parser(
        checks.signature_input, (INPUT.encode(), b'a=("date");x=1, b=();alg="y"'), FIELD_WORDS
    ),
    "Signature, Content-Digest": Parser(
        checks.byte_sequences, (MADE.encode(), b'sha-256="AAAA"'), FIELD_WORDS
    ),
    "base64 of claims": Parser(
        checks.base64_claim, (b"AAECAw==", b"_-8"), (b"=", b"+", b"-", b"/", b"_")
    ),
    "Host": Parser(checks.host, (b"proxy.test:443", b"[::1]:8080"), ADDRESS_WORDS),
    "headers of a gateway": Parser(
        checks.question,
        (b"GET\n/planetary/apod?date=2021-10-12", b"\n\nGET\n/x\nhttps\nproxy.test"),
        (*PATH_WORDS, b"\n", b"http", b"https", b"proxy.test"),
    ),
    "query": Parser(
        checks.apod_query,
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
    ),
    "record": Parser(
        checks.record,
        (_records(1)[1:-1], _records(40)[1:-1]),
        (*JSON_WORDS, b"javascript:", b"/wp-content/", b'"date": "2026-11-2'),
        1 << 20,
    ),
    "list of records": Parser(checks.record_list, (_records(1, 2, 3),), JSON_WORDS, 1 << 20),
    "Secret-Recipient": Parser(
        checks.recipient, (RECIPIENT_TEXT,), (b"MFkw", b"A", b"_", b"-", b"=", b"AAAA")
    ),
    "X-Forwarded-For": Parser(
        checks.client_address, (b"203.0.113.7, 10.0.0.2", b"[::1]:9"), ADDRESS_WORDS
    ),
    "X-Request-ID": Parser(
        checks.request_id, (b"from-the-router",), (b"-", b"_", b"\n", b" ", b"\xc2\xb2")
    ),
    "If-None-Match": Parser(
        checks.tags, (ANSWER.etag.encode(), b'W/"x", *'), (b"W/", b'"', b", ", b"*", b"\\")
    ),
    "Accept-Encoding": Parser(
        checks.codings,
        (b"gzip;q=0.5, br", b"*;q=0"),
        (b"gzip", b";q=", b", ", b"0.000", b"1.0001", b"\t", b"*"),
    ),
    "path to NASA": Parser(
        checks.upstream_path, (b"/neo/rest/v1/feed", b"/neo/a%20b/"), PATH_WORDS
    ),
    "query to NASA": Parser(checks.upstream_query, (b"start_date=2021-10-01&x=%20",), PATH_WORDS),
    "Cache-Control": Parser(
        checks.cache_control,
        (b"public, max-age=60, s-maxage=5\n3", b"120"),
        (b",", b"=", b'"', b"no-store", b"9" * 10),
    ),
}
