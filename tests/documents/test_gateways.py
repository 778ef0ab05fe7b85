"""The commands of the gateways' documents."""

import shutil
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from tests.conftest import SECRET
from tests.documents.commands import here, one_shown, shown
from tests.documents.recorder import Recorder
from tests.gateways.asgi import send
from tests.gateways.servers import GATEWAYS, Application, program, protected, started
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run, running, wait_for

AWS, AZURE = "gateways/aws_lambda/README.md", "gateways/azure_api_management/README.md"

LAMBDA_ZIP = one_shown(AWS, "^make lambda-zip$")
LAMBDA_STEPS = shown(AWS, "^(approov|aws|rm|cd) ")
AZURE_STEPS = shown(AZURE, "approov|^az ")
HAPROXY = shown("gateways/haproxy/README.md", "haproxy -db")
ASK = one_shown("gateways/README.md", "/attest$")


def test_lambda_zip() -> None:
    """`make lambda-zip` writes the file that the template uploads."""
    planned = run([*LAMBDA_ZIP.split(), "--dry-run"], environment(), ROOT).stdout
    written = planned.split()[-1]
    template = (GATEWAYS / "aws_lambda" / "template.yaml").read_text()
    assert f"CodeUri: {Path(written).name}" in template


def test_lambda_steps(tmp_path: Path) -> None:
    """The steps for AWS leave no secret behind, and give the template what it wants."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    programs.mkdir()
    shutil.copytree(GATEWAYS / "aws_lambda", checkout / "gateways" / "aws_lambda")
    recorder = Recorder(programs, {"approov": "c2VjcmV0", "aws": "done"})
    calls = recorder.run("\n".join(LAMBDA_STEPS), checkout)
    text = (GATEWAYS / "aws_lambda" / "template.yaml").read_text()
    parameters = set(_names(text, "Parameters"))
    given = next(call for call in calls if call[:3] == ["aws", "cloudformation", "deploy"])
    overrides = given[given.index("--parameter-overrides") + 1 :]
    assert {one.partition("=")[0] for one in overrides} <= parameters
    assert not (checkout / "secret.txt").exists()
    assert [call[0] for call in calls] == ["approov", *["aws"] * 4]


def _names(template: str, section: str) -> list[str]:
    """Give what a section of a CloudFormation template names; its tags are beside the point."""
    root = yaml.compose(template)
    assert isinstance(root, yaml.MappingNode)
    return next(
        [name.value for name, _ in value.value] for key, value in root.value if key.value == section
    )


def test_azure_steps(tmp_path: Path) -> None:
    """The steps for Azure make each named value that the policies refer to."""
    calls = Recorder(tmp_path, {"approov": "c2VjcmV0", "az": "done"}).run(
        "\n".join(AZURE_STEPS), tmp_path
    )
    made = {call[call.index("--named-value-id") + 1] for call in calls if call[0] == "az"}
    policies = "".join(
        path.read_text() for path in (GATEWAYS / "azure_api_management").glob("*.xml")
    )
    assert made
    assert {name for name in made if f"{{{{{name}}}}}" not in policies} == set()


@pytest.mark.parametrize("command", HAPROXY)
def test_haproxy(tmp_path: Path, command: str) -> None:
    """HAProxy starts as its document says, and refuses who has no token."""
    haproxy, port = program("haproxy"), free_port()
    command = command.replace("your-secret", b64encode(SECRET).decode())
    command = command.replace("haproxy -db", f"exec {haproxy} -db")
    with protected(Application()) as application:
        env = environment(LISTEN=f"127.0.0.1:{port}", APPLICATION=application)
        folder = GATEWAYS / "haproxy"
        arguments = ["sh", "-c", f"cd {folder} && {command}"]
        with started(arguments, env, tmp_path, port) as host:
            # Where the service that it asks is not there, it lets nobody through either.
            assert send(host, (), "GET", "/") in {401, 503}


def test_question(tmp_path: Path) -> None:
    """What a gateway asks can be asked by hand."""
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        ended = run(["sh", "-c", here(ASK).replace("8080", str(port))], environment(), tmp_path)
    assert ended.stdout.startswith("HTTP/1.1 204 ")
