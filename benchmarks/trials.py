"""What is measured under load: in each round, each contestant once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load, tokens
from benchmarks.contestants import NOTHING, PATH, Arena, ask, headers
from benchmarks.load import Run, WrongAnswerError
from benchmarks.machine import Cores, all_cores, load_core, server_core
from benchmarks.processes import Process

DEVICES = 10_000

RANGE_PATH = "/planetary/apod?start_date=2019-01-01&end_date=2019-04-10"

WARM_UP_SECONDS = 1
MAX_WARM_UP_SECONDS = 32

MARGIN = 1.5
"""So many times the tokens that the bare application could take: they must not run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUp:
    """Who takes part; who is not installed is None."""

    nasa: Process
    service: Process
    refusing: Process
    counting: Process | None
    workers: Process
    bare: Process
    hello: Process
    haproxy: Process | None

    @classmethod
    def started(cls, arena: Arena) -> "LineUp":
        """Start everybody. The peers get an answer of the service to send."""
        nasa = arena.nasa()
        service = arena.service(nasa)
        answer = ask(service, PATH, tokens.development())
        return cls(
            nasa=nasa,
            service=service,
            refusing=arena.service(nasa, {"RATE_LIMIT_REJECTED": "off"}),
            counting=arena.service_with_redis(nasa),
            workers=arena.service(
                nasa, {"WEB_CONCURRENCY": "2"}, cores=server_core() | load_core()
            ),
            bare=arena.bare(answer),
            hello=arena.hello(),
            haproxy=arena.haproxy(answer),
        )


@dataclass(slots=True, kw_only=True)
class Trials:
    """Loads whoever has lined up.

    Attributes:
        line_up: who takes part.
        folder: for tokens.
        seconds: of each load, after a warm-up.
    """

    line_up: LineUp
    folder: Path
    seconds: int
    _token: str = field(default_factory=tokens.development)
    _tokens: tokens.Tokens = field(default_factory=tokens.Tokens)
    _devices: Path | None = None

    def round(self) -> dict[str, float]:
        """Measure everybody once."""
        here = self.line_up
        bare, hits = self._same(here.bare), self._same(here.service)
        figures = {
            "bare": bare.rate,
            "bare_p99_ms": bare.p99_milliseconds,
            "hits": hits.rate,
            "hits_p99_ms": hits.p99_milliseconds,
            "hits_of_a_core": hits.rate_of_a_core,
            "hello": self._same(here.hello).rate,
        }
        if here.haproxy:
            figures["haproxy"] = self._same(here.haproxy).rate
        tag = ask(here.service, PATH, self._token).header("ETag") or ""
        figures["not_modified"] = self._same(
            here.service, like=304, more={"If-None-Match": tag}
        ).rate
        figures["gzip"] = self._same(here.service, more={"Accept-Encoding": "gzip"}).rate
        figures["range"] = self._same(here.service, RANGE_PATH).rate
        if here.counting:
            figures["with_redis"] = self._same(here.counting).rate
        two = self._same(here.workers, cores=all_cores())
        figures |= {"two_workers": two.rate, "two_workers_of_a_core": two.rate_of_a_core}
        figures["devices"] = self._known().rate
        enough = round(bare.rate * self.seconds * MARGIN)
        figures["first_sight"] = self._once(here.service, self._tokens.write, enough, like=200).rate
        forgers = self._tokens.write_forged
        figures["refused"] = self._once(here.refusing, forgers, enough, like=401).rate
        return figures

    def _same(
        self,
        contestant: Process,
        path: str = PATH,
        *,
        like: int = 200,
        cores: Cores | None = None,
        more: Mapping[str, str] = NOTHING,
    ) -> Run:
        """Ask for the same again and again, with the same token."""
        probe = ask(contestant, path, self._token, more)
        sent = {**headers(self._token), **more}
        for seconds in (WARM_UP_SECONDS, self.seconds):
            run = load.run(contestant, path, sent, seconds=seconds, cores=cores or load_core())
        load.check(run, probe, like)
        return run

    def _known(self) -> Run:
        """Ask as many devices do, all of which have asked before."""
        service = self.line_up.service
        if self._devices is None:
            self._devices = self._tokens.write(self.folder / "devices", DEVICES)
        seconds = WARM_UP_SECONDS
        while self._from(service, self._devices, seconds).requests < DEVICES:
            seconds *= 2
            if seconds > MAX_WARM_UP_SECONDS:
                raise WrongAnswerError(f"{DEVICES:,} devices are too many")
        run = self._from(service, self._devices, self.seconds)
        load.check(run, ask(service, PATH, self._token), 200)
        return run

    def _once(
        self, contestant: Process, write: Callable[[Path, int], Path], enough: int, *, like: int
    ) -> Run:
        """Send tokens, none of which the contestant has seen before or sees again."""
        path = write(self.folder / "once", enough)
        probe = ask(contestant, PATH, write(self.folder / "probe", 1).read_text().strip())
        run = self._from(contestant, path, self.seconds)
        load.check(run, probe, like)
        if run.requests + load.CONNECTIONS >= enough:
            raise WrongAnswerError(f"{enough:,} tokens were not enough: some were sent twice")
        return run

    def _from(self, contestant: Process, path: Path, seconds: int) -> Run:
        sent = headers("")
        return load.run(contestant, PATH, sent, seconds=seconds, cores=load_core(), tokens=path)
