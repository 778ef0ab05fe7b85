"""An image made and run as the Dockerfile says, by Linux alone: mounts, namespaces and `chroot`.

The base image is this machine's Python in a fresh virtual environment with pip; all of the
machine's own folders can be seen in it, and none of them can be written to.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.deploy.dockerfile import Stage, Step, context, ignore_patterns, stages
from tests.processes import ROOT, run

MACHINE = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "etc", "opt")
"""What a base image has, and is lent by this machine."""

BASE = "/base"
"""Where the base image's Python is."""

PATH = f"{BASE}/bin:/usr/bin:/bin"

PYTHON = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"


def missing() -> str | None:
    """Say why images cannot be made here, if so."""
    if os.geteuid() != 0:
        return "wants to be root, to mount and to change the root folder"
    for program in ("unshare", "setpriv", "chroot", "mount"):
        if shutil.which(program) is None:
            return f"wants {program}"
    namespaces = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "proc", "proc", "/proc"]
    tried = run(namespaces, os.environ, ROOT)
    return None if tried.returncode == 0 else "wants a machine that lets root make namespaces"


@dataclass(slots=True)
class Root:
    """The root folder of one stage, with what the Dockerfile has set by now."""

    folder: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH, "HOME": "/root"})
    workdir: str = "/"
    user: str = "0:0"
    packages: Path | None = None
    """In place of what pip would have installed."""

    def make(self) -> None:
        """Make the folder: the places where the machine's own are shown, and the base's Python."""
        for name in (*MACHINE, "proc", "dev", "tmp", "root", sys.base_prefix.lstrip("/")):
            (self.folder / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.folder / "tmp").chmod(0o1777)
        self.folder.chmod(0o755)

    def path(self, name: str) -> Path:
        """Give a path of the image as this machine sees it."""
        return self.folder / (Path(self.workdir) / name).as_posix().lstrip("/")

    def command(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str] = MappingProxyType({}),
        *,
        writable: bool = False,
        temporary: bool = False,
    ) -> list[str]:
        """Give the command that runs another one in the image, as its first process.

        Args:
            arguments: of the other command.
            variables: besides those of the image.
            writable: whether it may change the image.
            temporary: whether it may write to its /tmp, which is empty then.
        """
        script = [*self._mounts(), f"mount -t proc proc {self.folder}/proc"]
        if not writable:
            script.append(f"mount -o remount,bind,ro {self.folder}")
        if temporary:
            script.append(f"mount -t tmpfs tmpfs {self.path('/tmp')}")  # noqa: S108
        user, _, group = self.user.partition(":")
        limits = ["--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs"]
        env = [f"{name}={value}" for name, value in {**self.env, **variables}.items()]
        inner = ["setpriv", *limits, "env", "-i", f"--chdir={self.workdir}", *env, *arguments]
        script.append(f"exec chroot {self.folder} {shlex.join(inner)}")
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*namespaces, "sh", "-euc", "\n".join(script)]

    def _mounts(self) -> list[str]:
        lines = [
            f"mount --bind {self.folder} {self.folder}",
            f"mount --rbind /dev {self.folder}/dev",
        ]
        lent = {f"/{name}": f"/{name}" for name in MACHINE if Path(f"/{name}").exists()}
        lent[sys.base_prefix] = sys.base_prefix
        if self.packages:
            version = f"python3.{sys.version_info[1]}"
            lent[str(self.packages)] = f"/venv/lib/{version}/site-packages"
        for source, target in lent.items():
            lines.append(f"mount --bind {source} {self.folder}{target}")
            lines.append(f"mount -o remount,bind,ro {self.folder}{target}")
        return lines

    def run(
        self, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Run a command that may change the image, to its end."""
        command = self.command(arguments, variables, writable=True)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"


def build(folder: Path, *, installed: Path | None = None) -> tuple[Root, Stage]:
    """Build the image, and give it with its last stage.

    Args:
        folder: an empty one.
        installed: packages to use in place of those that `RUN` installs, which is left out then.
    """
    made: dict[str, Root] = {}
    for number, stage in enumerate(stages((ROOT / "Dockerfile").read_text())):
        root = Root(folder / str(number))
        root.make()
        root.run([str(PYTHON), "-m", "venv", *(["--without-pip"] if installed else []), BASE])
        if installed and not made:
            root.run([str(PYTHON), "-m", "venv", "--without-pip", "/venv"])
        for step in stage.steps:
            _do(step, root, made, runs=installed is None)
        made[stage.name or str(number)] = root
    root.packages = installed
    return root, stage


def _do(step: Step, root: Root, made: dict[str, Root], *, runs: bool) -> None:
    match step.name:
        case "RUN" if runs:
            pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
            root.run(["/bin/sh", "-c", step.text], pip)
        case "COPY" if "from" in step.options:
            _copy_stage(step, root, made[step.options["from"]])
        case "COPY":
            _copy_context(step, root)
        case "WORKDIR":
            root.workdir = step.text
            root.path(".").mkdir(parents=True, exist_ok=True)
        case "ENV":
            root.env |= dict(word.split("=", 1) for word in step.words)
        case "USER":
            root.user = step.text


def _copy_stage(step: Step, root: Root, source: Root) -> None:
    given, target = step.words
    origin = source.folder / given.lstrip("/")
    shutil.copytree(origin, root.path(target), symlinks=True, dirs_exist_ok=True)


def _copy_context(step: Step, root: Root) -> None:
    *given, target = step.words
    files = context(ignore_patterns())
    for name in given:
        copied = [path for path in files if path.is_relative_to(name)]
        assert copied, f"there is no {name} to copy"
        for path in copied:
            place = root.path(target) / (
                path.name if path == Path(name) else path.relative_to(name)
            )
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, place)
