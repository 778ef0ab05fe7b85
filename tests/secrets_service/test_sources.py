import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from secrets_service import aws
from secrets_service.aws import AwsSource
from secrets_service.errors import SourceError
from secrets_service.sources import FileSource, parse
from secrets_service.values import MAX_VALUE_BYTES
from tests import moto_server
from tests.processes import free_port


async def value_of(text: str, environ: dict[str, str] | None = None) -> str:
    """Read the value that lies where *text* says."""
    return (await parse(text, environ or {}).read()).get_secret_value()


async def test_environment() -> None:
    """A variable is looked up; only its name is held."""
    source = parse("env:KEY", {"KEY": "value"})
    assert (await source.read()).get_secret_value() == "value"
    assert "value" not in repr(vars(source)["_name"])


@pytest.mark.parametrize(
    ("content", "value"),
    [("value\n", "value"), ("value", "value"), ("a\r\n", "a"), ("a\nb\n\n", "a\nb\n"), ("é", "é")],
)
async def test_file(tmp_path: Path, content: str, value: str) -> None:
    """A file's content is the value, less one newline at its end."""
    (tmp_path / "x").write_bytes(content.encode())
    assert await value_of(f"file:{tmp_path}/x") == value


async def test_file_is_read_anew(tmp_path: Path) -> None:
    """What is written into it later is what is read later."""
    path = tmp_path / "x"
    path.write_text("first")
    source = parse(f"file:{path}", {})
    path.write_text("second")
    assert (await source.read()).get_secret_value() == "second"
    path.unlink()
    with pytest.raises(SourceError, match="FileNotFoundError"):
        await source.read()


BAD_FILES = [b"", b"\n", b"\xff\xfe", b"x" * (MAX_VALUE_BYTES + 1)]


@pytest.mark.parametrize("content", BAD_FILES, ids=len)
def test_bad_file(tmp_path: Path, content: bytes) -> None:
    """An empty, endless or unreadable file is no secret, already at start."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(SourceError):
        FileSource(tmp_path / "x").read_now()
    with pytest.raises(ValueError, match="the "):
        parse(f"file:{tmp_path}/x", {})


@pytest.mark.parametrize(
    "text",
    [
        "", "env", "env:", "env:A-B", "env:UNSET", "file:", "file:x", "file:../x", "file:/",
        "vault:x", "aws-secrets-manager:", "aws-secrets-manager:a b", "ENV:KEY", "marker",
    ],
)  # fmt: skip
def test_unknown(text: str) -> None:
    """What is no source says which there are, or what is not there, and is not quoted."""
    with pytest.raises(ValueError, match=r"wants|not set|cannot|else") as refusal:
        parse(text, {"KEY": "value"})
    assert "marker" not in str(refusal.value)


def test_fifo(tmp_path: Path) -> None:
    """What is no file is not opened: reading it might never end."""
    os.mkfifo(tmp_path / "x")
    with pytest.raises(ValueError, match="something else than a file"):
        parse(f"file:{tmp_path}/x", {})


async def test_no_text() -> None:
    """A variable of bytes that are no UTF-8 is a failure of the source."""
    with pytest.raises(SourceError, match="UTF-8"):
        await parse("env:KEY", {"KEY": "abc\udcff"}).read()


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Be AWS, as moto's server plays it."""
    with moto_server.amazon(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def amazon(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Point AWS's own variables to it, and put secrets there."""
    set_up(monkeypatch, moto)
    for name, text in {
        "plain": "plain-value",
        "json": json.dumps({"key": "member-value", "number": 7, "empty": ""}),
    }.items():
        aws._client().create_secret(Name=name, SecretString=text)  # noqa: SLF001
    yield moto
    httpx.post(f"{moto}/moto-api/reset")
    aws._client.cache_clear()  # noqa: SLF001


def set_up(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Point AWS's own variables to *url*."""
    for name, value in moto_server.variables(url).items():
        monkeypatch.setenv(name, value)
    aws._client.cache_clear()  # noqa: SLF001


@pytest.mark.usefixtures("amazon")
async def test_aws() -> None:
    """A whole secret of AWS's, or a member of it, is a value."""
    assert await value_of("aws-secrets-manager:plain") == "plain-value"
    assert await value_of("aws-secrets-manager:json#key") == "member-value"


@pytest.mark.usefixtures("amazon")
@pytest.mark.parametrize("place", ["none", "json#other", "json#number", "json#empty", "plain#key"])
async def test_aws_wrong(place: str) -> None:
    """What is not there, or no text, is a failure that quotes nothing."""
    with pytest.raises(SourceError) as failure:
        await value_of(f"aws-secrets-manager:{place}")
    assert "value" not in str(failure.value).replace("the value is empty", "")


async def test_aws_changes(amazon: str) -> None:
    """A secret that is rotated there is read anew."""
    assert amazon
    source = parse("aws-secrets-manager:plain", {})
    assert (await source.read()).get_secret_value() == "plain-value"
    aws._client().put_secret_value(SecretId="plain", SecretString="rotated")  # noqa: SLF001
    assert (await source.read()).get_secret_value() == "rotated"


async def test_aws_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS away is a failure of the source."""
    set_up(monkeypatch, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SourceError, match="EndpointConnectionError"):
        await AwsSource("plain", None).read()
    aws._client.cache_clear()  # noqa: SLF001


async def test_aws_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS that takes a connection and says nothing does not stop the loop, and is given up."""
    monkeypatch.setattr(aws, "READ_SECONDS", 0.2)
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        set_up(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")
        reading = asyncio.create_task(AwsSource("plain", None).read())
        await asyncio.sleep(0)
        assert not reading.done()
        with pytest.raises(SourceError, match="ReadTimeoutError"):
            await reading
    aws._client.cache_clear()  # noqa: SLF001


def test_aws_without_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a region it says what is missing, at start."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    aws._client.cache_clear()  # noqa: SLF001
    with pytest.raises(ValueError, match="AWS_REGION"):
        parse("aws-secrets-manager:plain", {})


def test_aws_without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3 it says how to get it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    aws._client.cache_clear()  # noqa: SLF001
    with pytest.raises(ValueError, match=r"requirements-aws\.txt"):
        parse("aws-secrets-manager:plain", {})
