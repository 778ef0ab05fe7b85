import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.content import Content, accepts_gzip

RECORDS = (b'{"title":"one"}\n', b'{"title":"' + b"two " * 500 + b'"}\n', b"\n", b"x\n")


@pytest.mark.parametrize("record", RECORDS, ids=range(4))
def test_record(record: bytes) -> None:
    """A record compressed is that record, and smaller if it is long."""
    packed = Content(record).gzipped()
    assert gzip.decompress(packed) == record
    assert len(record) < 1000 or len(packed) < len(record) / 2


@given(st.lists(st.binary(max_size=300).map(lambda text: text.rstrip(b"\n") + b"\n"), max_size=20))
def test_list(records: list[bytes]) -> None:
    """A list put together from compressed records is the list, in one member of gzip."""
    content = Content.of_list(records)
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(content.gzipped()) == content.plain
    assert (reader.eof, reader.unused_data) == (True, b"")
    assert content.plain == b"[" + b",".join(record[:-1] for record in records) + b"]\n"


@pytest.mark.parametrize(
    ("given", "accepts"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["br, gzip ;q=0.3"], True),
        (["br", "gzip"], True),
        (["gzip;q=0"], False),
        (["gzip;q=0.000"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["gzip;q=0, *"], False),
        (["*;q=0, gzip"], True),
        (["identity"], False),
        (["gzipped"], False),
        (["gzip;q=nonsense"], False),
    ],
)
def test_accepts(given: list[str], accepts: bool) -> None:  # noqa: FBT001
    """RFC 9110 section 12.5.3: by name, with a weight above zero, else by the asterisk."""
    assert accepts_gzip(given) == accepts
