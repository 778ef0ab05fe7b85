"""Give a parser what libFuzzer makes up, led by which code it has reached.

`python -m tests.proof.attacks.fuzzing PARSER FOLDER SECONDS`, in a process of its own: libFuzzer
ends it, and at anything unforeseen with another status than 0.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

with atheris.instrument_imports(include=["attestation", "edge", "proxy", "secrets_service"]):
    from tests.proof.attacks.parsers import PARSERS


OPTIONS = ("-max_len=4096", "-timeout=2", "-rss_limit_mb=2048", "-print_final_stats=1")


def main() -> None:
    """Run until the time is over."""
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    parser = PARSERS[name]
    corpus, words = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, seed in enumerate(parser.seeds):  # written here: their keys are this process's
        (corpus / f"{number}").write_bytes(seed)
    escaped = ("".join(f"\\x{one:02x}" for one in word) for word in parser.words)
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    accepted = 0

    def check(data: bytes) -> None:
        nonlocal accepted
        if not parser.check(data):
            return
        accepted += 1
        if not accepted & (accepted - 1):  # a power of two; there is no end at which to tell it
            sys.stdout.write(f"accepted {accepted}\n")
            sys.stdout.flush()

    own = (f"-dict={words}", f"-artifact_prefix={folder}/", f"-max_total_time={seconds}")
    atheris.Setup([sys.argv[0], str(corpus), *own, *OPTIONS], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
