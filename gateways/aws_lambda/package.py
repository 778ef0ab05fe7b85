"""Put the function into a zip file: `make lambda-zip`.

The same sources and packages give the same bytes, anywhere: names are in order, times and rights
are fixed, and nothing is compressed, since compressors differ from one machine to another.
"""

import argparse
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("cachetools", "http-sf", "pyjwt", "typing-extensions")
"""What attestation/ imports for HS256. boto3 is part of Lambda's runtime."""

COMPILED = {".so", ".pyd", ".dylib"}
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)


class CompiledPartError(Exception):
    """A package holds something that runs on one kind of machine only."""


def write(path: Path) -> None:
    """Write the zip file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, source in sorted([*_own(), *_foreign()]):
            entry = ZipInfo(name, FIRST_MOMENT)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source.read_bytes())


def _own() -> Iterator[tuple[str, Path]]:
    here = Path(__file__).resolve()
    folders = [ROOT / "attestation", here.parent]
    modules = [path for folder in folders for path in folder.glob("*.py") if path != here]
    for path in [ROOT / "gateways" / "__init__.py", *modules]:
        yield path.relative_to(ROOT).as_posix(), path


def _foreign() -> Iterator[tuple[str, Path]]:
    """Give the modules of other people's packages, each package with its licence."""
    for package in PACKAGES:
        for file in distribution(package).files or ():
            if file.suffix in COMPILED:
                raise CompiledPartError(f"{package} holds {file.name}")
            if file.suffix == ".py" or "licenses" in file.parts:
                yield file.as_posix(), Path(str(file.locate()))


def main() -> None:
    """Write it where the first argument says."""
    parser = argparse.ArgumentParser(description="Write the Lambda authorizer's zip file.")
    parser.add_argument("path", type=Path)
    write(parser.parse_args().path)


if __name__ == "__main__":
    main()
