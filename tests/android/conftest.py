"""The guide's app in its four forms, compiled once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.android import compilers
from tests.android.compilers import HERE, JARS, KOTLIN_JARS, NOTES
from tests.android.phone import Phone, switched_on
from tests.android.service import Service, served

Classpath = Sequence[Path]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Be the client, and the stand-ins for what only a phone has."""
    compilers.need_java()
    folder = tmp_path_factory.mktemp("library")
    sources = [NOTES / "java" / "client", NOTES / "java" / "debug", HERE / "stubs" / "java"]
    found = [path for source in sources for path in source.rglob("*.java")]
    compilers.java(found, folder, JARS)
    return folder


def _java(library: Path, folder: Path, variant: str) -> Classpath:
    app = NOTES / "java" / "app"
    sources = [*(app / "main").glob("*.java"), *(app / variant).glob("*.java")]
    classpath = [*JARS, library]
    compilers.java([*sources, HERE / "driver" / "Driver.java"], folder, classpath)
    return [folder, *classpath]


def _kotlin(library: Path, folder: Path, variant: str) -> Classpath:
    compilers.need_kotlin()
    kotlin = NOTES / "kotlin"
    sources = [kotlin / "main", kotlin / variant, HERE / "stubs" / "kotlin"]
    classpath = [*JARS, library]
    compilers.kotlin(sources, folder, classpath)
    compilers.java([HERE / "driver" / "Driver.java"], folder, [folder, *classpath, *KOTLIN_JARS])
    return [folder, *classpath, *KOTLIN_JARS]


COMPILE: dict[str, Callable[[Path, Path, str], Classpath]] = {"java": _java, "kotlin": _kotlin}


@pytest.fixture(scope="session")
def debug_app(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Classpath:
    """Be the debug build, in Java."""
    return _java(library, tmp_path_factory.mktemp("java-debug"), "debug")


@pytest.fixture(scope="session", params=["java", "kotlin"])
def debug_apps(
    request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Classpath:
    """Be the debug build, in either language."""
    folder = tmp_path_factory.mktemp("debug")
    return COMPILE[request.param](library, folder, "debug")


@pytest.fixture(scope="session", params=["java", "kotlin"])
def release_apps(
    request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Classpath:
    """Be the release build, in either language, over a service layer that is played."""
    folder = tmp_path_factory.mktemp("release")
    return COMPILE[request.param](library, folder, "release")


@pytest.fixture
def service() -> Iterator[Service]:
    """Be the service, as `make run` serves it with the published secret."""
    with served() as service:
        yield service


SwitchOn = Callable[[Classpath, str], AbstractContextManager[Phone]]


@pytest.fixture
def switch_on(tmp_path: Path) -> SwitchOn:
    """Start an app with an empty cache."""
    return lambda classpath, base_url: switched_on(classpath, base_url, tmp_path / "cache")


@pytest.fixture
def phone(service: Service, debug_app: Classpath, switch_on: SwitchOn) -> Iterator[Phone]:
    """Be a phone with the debug build in Java."""
    with switch_on(debug_app, service.url) as phone:
        yield phone
