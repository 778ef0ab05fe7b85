"""The client of the notes for Android, compiled and run."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.server import serving
from tests.conftest import SECRET, make_settings
from tests.processes import ROOT
from tests.secrets_service.conftest import VALUE

SOURCE = ROOT / "android-client-notes" / "java" / "SealedSecret.java"


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile it, with every warning an error."""
    if shutil.which("javac") is None:
        pytest.skip("NO JAVA HERE: install a JDK to have the sample client tested")
    folder = tmp_path_factory.mktemp("classes")
    command = ["javac", "-Xlint:all", "-Werror", "--release", "11", "-d", str(folder), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return folder


@pytest.mark.parametrize(("bind", "opens"), [(True, True), (False, False)])
def test_sealed(classes: Path, *, bind: bool, opens: bool) -> None:
    """It asks with a token that is bound to its own key, and opens what comes; or gets nothing."""
    settings = make_settings(services="secrets", runtime_secrets={"maps-key": VALUE})
    with serving(create_app(settings)) as url:
        command = ["java", "-cp", str(classes), "SealedSecret", f"{url}/secrets/maps-key"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stdout is not None
            recipient = client.stdout.readline().strip()
            bound = recipient if bind else "another"
            said, complained = client.communicate(
                mint(SECRET, now=time.time(), bind=bound) + "\n", timeout=60
            )
    assert (client.returncode == 0) == opens
    if opens:
        assert json.loads(said)["value"] == VALUE
    else:
        assert "answered 401" in complained
