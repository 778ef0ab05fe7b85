"""The ways in which a process of the service fails, each with its end."""

import fcntl
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.machines.conftest import Machine, Platform
from tests.machines.test_stopping import workers
from tests.proof.failures.asked import Kind
from tests.proof.failures.judged import BASE_URL, App, Seen
from tests.proof.failures.served import secrets_file

Ask = Callable[[Kind], Seen]

SHORT_SECONDS = 1.0
"""For a request that nobody answers."""

PIPE_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Processes of which one is to fail.

    Attributes:
        apps: ask before the fault, so that there is something to hold.
        ask: asks while it lasts, where a request can be answered.
        begin: begins it.
        end: ends it, and gives what asks then.
        ask_broken: asks the process that fails, if that is another place.
        is_under_way: whether that is asked before it fails, with answers that take NASA a while.
    """

    apps: tuple[App, ...]
    ask: Ask
    begin: Callable[[], object]
    end: Callable[[], Ask]
    ask_broken: Ask | None = None
    is_under_way: bool = False


Staged = Callable[[Platform, Path, ExitStack], Scene]


def start(platform: Platform, folder: Path, output: Path | None = None, **settings: str) -> Machine:
    """Start a machine with everything switched on."""
    return platform.start(
        output,
        IMAGE_PROXY="on",
        PUBLIC_BASE_URL=BASE_URL,
        NASA_IMAGE_BASE_URL=platform.nasa.url,
        NASA_PASSTHROUGH="/neo/,/DONKI/",
        RUNTIME_SECRETS_FILE=str(secrets_file(folder)),
        **settings,
    )


def killed(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """Of two machines the one that asks NASA is killed; another one is started in its place."""
    first, second = start(platform, folder), start(platform, folder)
    return Scene(
        apps=(App(first.url), App(second.url)),
        ask=App(second.url).ask,
        ask_broken=App(first.url).ask,
        is_under_way=True,
        begin=first.kill,
        end=lambda: App(start(platform, folder).url).ask,
    )


def frozen(platform: Platform, folder: Path, stack: ExitStack) -> Scene:
    """Of two machines the one that asks NASA stands still, and then goes on."""
    first, second = start(platform, folder), start(platform, folder)
    stack.callback(first.process.send_signal, signal.SIGCONT)

    def thaw() -> Ask:
        first.process.send_signal(signal.SIGCONT)
        return App(first.url).ask

    return Scene(
        apps=(App(first.url), App(second.url)),
        ask=App(second.url).ask,
        ask_broken=App(first.url).ask,
        is_under_way=True,
        begin=partial(first.process.send_signal, signal.SIGSTOP),
        end=thaw,
    )


def killed_without_redis(platform: Platform, folder: Path, stack: ExitStack) -> Scene:
    """Redis goes, too, so that nobody knows what had been begun; it comes back empty."""
    scene = killed(platform, folder, stack)

    def begin() -> None:
        scene.begin()
        platform.redis.stop()

    def end() -> Ask:
        platform.redis.start()
        return scene.end()

    return replace(scene, begin=begin, end=end)


def frozen_without_redis(platform: Platform, folder: Path, stack: ExitStack) -> Scene:
    """Redis stands still, too, and goes on with it."""
    scene = frozen(platform, folder, stack)

    def begin() -> None:
        scene.begin()
        platform.redis.freeze()

    def end() -> Ask:
        platform.redis.thaw()
        return scene.end()

    return replace(scene, begin=begin, end=end)


def worker_killed(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """Of two workers of a machine one is killed."""
    return _worker_stopped(platform, folder, signal.SIGKILL)


def worker_frozen(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """Of two workers of a machine one stands still; its supervisor sees that."""
    return _worker_stopped(platform, folder, signal.SIGSTOP)


def _worker_stopped(platform: Platform, folder: Path, number: signal.Signals) -> Scene:
    machine = start(platform, folder, WEB_CONCURRENCY="2")
    app = App(machine.url)
    _until(lambda: len(machine.events("started")) == 2)
    victim = workers(machine)[0]

    def end() -> Ask:
        _until(lambda: len(machine.events("started")) == 3)
        return app.ask

    return Scene(apps=(app,), ask=app.ask, begin=partial(os.kill, victim, number), end=end)


def no_descriptors(platform: Platform, folder: Path, stack: ExitStack) -> Scene:
    """A process may open nothing more; one client has a connection, others come anew."""
    machine = start(platform, folder)
    app, pid = App(machine.url), machine.process.pid
    client = stack.enter_context(app.connected())
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def end() -> Ask:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        return app.ask

    def begin() -> None:
        app.ask_on(client, Kind("connect", "attest", "/attest"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (_lowest_free(pid), most))

    def ask(kind: Kind) -> Seen:
        # What has been closed meanwhile leaves no room for anything else.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (_lowest_free(pid), most))
        return app.ask_on(client, kind)

    return Scene(
        apps=(app,),
        ask=ask,
        ask_broken=partial(app.ask, seconds=SHORT_SECONDS),
        begin=begin,
        end=end,
    )


def _lowest_free(pid: int) -> int:
    used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    return next(n for n in range(len(used) + 1) if n not in used)


def log_disk_full(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """The log, which is a file, takes nothing more; then it does."""
    machine = start(platform, folder)
    app, pid = App(machine.url), machine.process.pid

    def limit(most: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def end() -> Ask:
        limit(resource.RLIM_INFINITY)
        return app.ask

    return Scene(
        apps=(app,),
        ask=app.ask,
        begin=lambda: limit(machine.output.stat().st_size),
        end=end,
    )


def log_device_full(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """The log takes nothing from the start on; the process is started anew with another."""
    app = App(start(platform, folder, Path("/dev/full")).url)
    return Scene(
        apps=(app,),
        ask=app.ask,
        begin=lambda: None,
        end=lambda: App(start(platform, folder).url).ask,
    )


def log_reader_gone(platform: Platform, folder: Path, _: ExitStack) -> Scene:
    """Whoever read the log is gone for good; the process is started anew with another reader."""
    path, reader = _pipe(folder)
    app = App(start(platform, folder, path).url)
    return Scene(
        apps=(app,),
        ask=app.ask,
        begin=lambda: os.close(reader),
        end=lambda: App(start(platform, folder).url).ask,
    )


def log_reader_stalls(platform: Platform, folder: Path, stack: ExitStack) -> Scene:
    """Whoever reads the log does not, so that the pipe is full; then it reads on."""
    path, reader = _pipe(folder)
    stack.callback(os.close, reader)
    app = App(start(platform, folder, path).url)

    def fill() -> None:
        for _ in range(2 * PIPE_BYTES // 100):
            if app.ask(Kind("fill", "attest", "/attest"), SHORT_SECONDS).how == "unheard":
                break

    def read_on() -> Ask:
        os.set_blocking(reader, True)

        def read() -> None:
            with suppress(OSError):
                while os.read(reader, 65536):
                    pass

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return app.ask

    return Scene(
        apps=(app,),
        ask=partial(app.ask, seconds=2 * SHORT_SECONDS),
        begin=fill,
        end=read_on,
    )


def _pipe(folder: Path) -> tuple[Path, int]:
    """Make a small pipe with a name, and give that and its end for reading."""
    path = folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return path, reader


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(1500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that in 15 s")


FAULTS: Mapping[str, Staged] = {
    "killed": killed,
    "frozen": frozen,
    "killed, Redis away": killed_without_redis,
    "frozen, Redis frozen": frozen_without_redis,
    "worker-killed": worker_killed,
    "worker-frozen": worker_frozen,
    "no-descriptors": no_descriptors,
    "log-disk-full": log_disk_full,
    "log-device-full": log_device_full,
    "log-reader-gone": log_reader_gone,
    "log-reader-stalls": log_reader_stalls,
}
