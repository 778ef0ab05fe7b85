"""The commands of the guide for the Android side."""

from pathlib import Path

import httpx

from tests.documents.commands import one_shown
from tests.documents.recorder import Recorder
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run, running, wait_for

DOCUMENT = "android-client-notes/README.md"
TEXT = (ROOT / DOCUMENT).read_text()

KEEP = one_shown(DOCUMENT, "^echo .* >> .env$")
MAKE_RUN = one_shown(DOCUMENT, "^make run$")
CONFIGURATION = one_shown(DOCUMENT, "^approov sdk ")
REGISTRATION = one_shown(DOCUMENT, "^approov registration ")

KNOWN = {"sdk": {"-getConfigString"}, "registration": {"-add"}, "policy": {"-setInstallPubKey"}}
"""Of Approov's command line: the subcommands and options that its documents list."""


def test_make_run(tmp_path: Path) -> None:
    """The service for debug builds takes their tokens, and serves a secret besides pictures."""
    assert run(["sh", "-euc", KEEP], environment(), tmp_path).returncode == 0
    planned = run([*MAKE_RUN.split(), "--dry-run"], environment(), ROOT).stdout
    assert "astropiks dev" in planned
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port))
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        token = run([*ASTROPIKS, "token", "mint"], env, tmp_path).stdout.strip()
        headers, base = {"Approov-Token": token}, f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=headers, trust_env=False) as app:
            from_emulator = {"Host": f"10.0.2.2:{port}"}
            record = app.get("/planetary/apod?date=2021-10-12", headers=from_emulator).json()
            _, host, picture = record["url"].partition(from_emulator["Host"])
            statuses = [app.get(path).status_code for path in (picture, "/secrets")]
    assert host
    assert statuses == [200, 200]


def test_approov(tmp_path: Path) -> None:
    """The commands for Approov use what its command line has, and run as pasted."""
    tools = Recorder(tmp_path, ["approov"])
    for command in (CONFIGURATION, REGISTRATION, "approov policy -setInstallPubKey on"):
        assert command in TEXT
        ((_, subcommand, *rest),) = tools.run(command, tmp_path)
        assert {word for word in rest if word.startswith("-")} <= KNOWN[subcommand]
