"""The structure, held: who may import whom, and which library has which one importer."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "attestation": set(),
    "gateways": {"attestation"},
    "edge": {"attestation"},
    "proxy": {"edge", "attestation"},
    "secrets_service": {"edge", "attestation"},
    "standin": set(),
    "astropiks": {"proxy", "secrets_service", "edge", "attestation", "standin"},
}

ONLY_IMPORTERS: dict[str, str | tuple[str, ...]] = {
    "jwt": "attestation/keys.py",
    "http_sf": "attestation/fields.py",
    "prometheus_client": ("edge/instruments.py", "edge/exposition.py"),
    "opentelemetry": ("edge/tracing.py", "edge/trace_export.py"),
    "structlog": "edge/logs.py",
    "orjson": "edge/logs.py",
    "pydantic_settings": "edge/setting_groups/",
    "httpx": "proxy/sources/",
    "uvicorn": "astropiks/",
    "typer": "astropiks/cli/",
    "joserfc": "secrets_service/sealing.py",
    "limits": "edge/limits.py",
    "redis": "edge/redis_",
    "boto3": ("secrets_service/aws.py", "gateways/aws_lambda/secrets_manager.py"),
    "jinja2": ("astropiks/openapi/page.py", "astropiks/console/"),
    "markupsafe": ("astropiks/openapi/page.py", "astropiks/console/"),
    "dotenv": "astropiks/env_file.py",
    "rich": ("astropiks/progress.py", "astropiks/doctor/report.py"),
}

LIBRARIES_OF_ATTESTATION = {"jwt", "http_sf", "cryptography", "cachetools"}


def modules(package: str) -> list[Path]:
    """Give the files of *package*."""
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Give the top-level name of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_direction(package: str) -> None:
    """Imports go one way: astropiks, the services, edge, attestation."""
    allowed = MAY_IMPORT[package] | {package}
    for path in modules(package):
        ours = {name for name in imports(path) if name in MAY_IMPORT}
        assert ours <= allowed, path


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_one_importer(library: str) -> None:
    """A library is imported in one place, so that it can be replaced there."""
    found = {
        path.relative_to(ROOT).as_posix()
        for package in MAY_IMPORT
        for path in modules(package)
        if library in imports(path)
    }
    assert found
    assert all(path.startswith(ONLY_IMPORTERS[library]) for path in found)


def test_attestation_is_pure() -> None:
    """The verifier knows no web framework, no environment and no logging."""
    found = {name for path in modules("attestation") for name in imports(path)}
    foreign = found - set(sys.stdlib_module_names) - {"attestation"}
    assert foreign == LIBRARIES_OF_ATTESTATION
    assert not found & {"os", "logging", "http", "socket"}


def test_no_import_of_tests() -> None:
    """Nothing that is served needs the tests."""
    assert not [p for package in MAY_IMPORT for p in modules(package) if "tests" in imports(p)]


def test_module_size() -> None:
    """No module grows past what can be read in one sitting."""
    sizes = {p: len(p.read_text().splitlines()) for package in MAY_IMPORT for p in modules(package)}
    assert max(sizes.values()) <= 350
