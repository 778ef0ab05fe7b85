"""What the client asks of Android, by the level of the API: a JDK has more than an old phone."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.android.compilers import NOTES
from tests.android.test_guide import GUIDE

LEAST = int(re.findall(r"Android \d+ \(API level (\d+)\), as OkHttp", GUIDE)[0])

YOUNGER = {
    r"java/util/(Map|concurrent/\w+Map)\.(getOrDefault|compute\w*|merge|forEach|replaceAll)": 24,
    r"java/util/Map\.putIfAbsent": 24,
    r"java/(util|lang)/\w+\.(stream|removeIf|forEach|sort|spliterator)": 24,
    r"java/util/(function|stream)/|java/util/(Optional|StringJoiner|Comparator\.)": 24,
    r"java/util/concurrent/Completable": 24,
    r"java/lang/(Math\.floor\w+|\w+\.hashCode:\(\w\))": 24,
    r"java/lang/(String\.join|ThreadLocal\.withInitial)": 26,
    r"java/time/|java/nio/file/|java/util/Base64": 26,
}
"""Of Java 8, which the compiler lets through: with which level of Android's API it came."""

ALGORITHMS = {
    ("AlgorithmParameters", "EC"): 26,
    ("Cipher", "AES/GCM/NoPadding"): 10,
    ("KeyAgreement", "ECDH"): 11,
    ("KeyFactory", "EC"): 11,
    ("KeyPairGenerator", "EC"): 11,
    ("Mac", "HmacSHA256"): 1,
    ("MessageDigest", "SHA-256"): 1,
}
"""The same of algorithms, by the tables of Android's reference."""


def test_methods(library: Path) -> None:
    """The client calls nothing of Java that the least Android of the guide lacks."""
    command = ["javap", "-c", "-p", *map(str, library.glob("astropiks/client/*.class"))]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    called = set(re.findall(r"// (?:Interface)?Method (java\S+)", listing))
    assert any("java/security/MessageDigest.getInstance" in method for method in called)
    too_young = {
        method
        for method in called
        for pattern, level in YOUNGER.items()
        if level > LEAST and re.match(pattern, method)
    }
    assert too_young == set()


@pytest.mark.parametrize("source", sorted(NOTES.glob("java/*/*.java")), ids=lambda path: path.stem)
def test_algorithms(source: Path) -> None:
    """Each algorithm that the client names is one that the least Android of the guide has."""
    named = re.findall(r'(\w+)\.getInstance\(\s*"([^"]+)"', source.read_text())
    assert {pair: ALGORITHMS[pair] for pair in named if ALGORITHMS[pair] > LEAST} == {}
