"""The Java and Kotlin compilers, on the guide's sources and on nothing that is downloaded."""

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.processes import ROOT

NOTES = ROOT / "android-client-notes"
HERE = ROOT / "tests" / "android"

JARS = [Path("/usr/share/java") / name for name in ("okhttp.jar", "okio.jar", "json-android.jar")]
KOTLIN_JARS = [Path("/usr/share/java/kotlin-stdlib.jar")]

WARNINGS = ("-Xlint:all,-options", "-Werror")
"""Every one is an error; `options` only says that a newer JDK finds Java 8 old."""

COMPILE_SECONDS = 120


def need_java() -> None:
    """Skip, loudly, where there is no JDK or no OkHttp."""
    if shutil.which("javac") is None:
        pytest.skip("NO JAVA HERE: install default-jdk-headless to have the Android client tested")
    if lacking := [jar.name for jar in JARS if not jar.exists()]:
        pytest.skip(
            f"NO {', '.join(lacking)} HERE: install libokhttp-java and libandroid-json-org-java "
            "to have the Android client tested"
        )


def need_kotlin() -> None:
    """Skip, loudly, where there is no Kotlin compiler."""
    need_java()
    if shutil.which("kotlinc") is None:
        pytest.skip("NO KOTLIN HERE: install kotlin to have the guide's Kotlin tested")


def java(sources: Iterable[Path], classes: Path, classpath: Sequence[Path]) -> None:
    """Compile Java 8, which every Android takes."""
    path = ":".join(map(str, classpath))
    command = ["javac", *WARNINGS, "--release", "8", "-cp", path, "-d", str(classes)]
    _run([*command, *map(str, sources)])


def kotlin(folders: Iterable[Path], classes: Path, classpath: Sequence[Path]) -> None:
    """Compile Kotlin."""
    path = ":".join(map(str, classpath))
    command = ["kotlinc", "-Werror", "-jvm-target", "1.8", "-cp", path, "-d", str(classes)]
    _run([*command, *map(str, folders)])


def _run(command: Sequence[str]) -> None:
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
