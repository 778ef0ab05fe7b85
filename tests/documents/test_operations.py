"""What the document for the person on call says is so: each command, on the log of real trouble."""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from astropiks.server import serving as serving_app
from edge import log_fields, metrics
from edge.environment import SECRET_VARIABLES
from proxy.errors import SourceError
from standin.app import StandIn
from tests.astropiks.test_serve import SECRET_TEXT
from tests.attestation.test_token import kinds
from tests.conftest import NASA_KEY
from tests.documents import incidents
from tests.documents.blocks import DOCUMENT, TEXT, block, codes, lines, rows, section
from tests.documents.commands import shown
from tests.documents.incidents import answered, ask, token, until
from tests.documents.recorder import Recorder
from tests.edge.test_tracing import Collector, collector  # noqa: F401  (a fixture)
from tests.machines.conftest import APOD
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run
from tests.redis_server import RedisServer

GET_LOG = shown(DOCUMENT, r"> log$")
REASONS = block(r'"outcome":"refused".*reason')
SINCE_WHEN = block(r'"outcome":"refused".*uniq -c$')
CALLS = block(r"^sed .*nasa_call.*outcome")
SET_ASIDE = block("source_\\(set_aside")
USERS = block(r"50\[234\]")
STALE = block("stale-if-error")
OVER_QUOTA = block('"outcome":"over_quota"')
BY_HOUR = block(r"^sed .*nasa_call.*timestamp")
FILES = block("keyset\\|secrets_file")
BY_ID = block(r"^grep '\"request_id\":\"\w+\"' log$")
BY_MINUTE = block("200\\|304")
SLOW = block("duration_ms")
REDIS = block("redis_\\(failed")
READY = block(r"^curl -s https://.*readyz$")
FULL = block("INFO memory")
TRAIL = block("secret_\\(delivered\\|refused\\)\"' log$")
WHO = block("_delivered.*sort -u")
STREAM = block("XREVRANGE")
HELD_BACK = block("audit_failed")
STARTS = block("started\\|stopping")
STATUS = block("http_code")
INSTALL, TRACED = block("requirements-otel").commands.splitlines()
TRACE = block("trace_id")

WRITTEN_ID = "4c6faba10b5f880e3f216cac904be384"


@pytest.fixture(scope="module")
def standin() -> StandIn:
    """Be NASA."""
    return StandIn(keys={NASA_KEY})


@pytest.fixture(scope="module")
def nasa(standin: StandIn) -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving_app(standin) as url:
        yield url


@pytest.fixture(autouse=True)
def _only_fields_of_the_table(tmp_path: Path) -> Iterator[None]:
    """Let no process of these tests leave a line with a field that the table does not give it."""
    yield
    told = {codes(row[0])[0]: {*codes(row[2])} for row in rows(section("Every line"))}
    for log in tmp_path.rglob("log"):
        for line in events(log.parent):
            fields = line.keys() - {"timestamp", "level", "event", "request_id", "trace_id"}
            assert fields <= told[str(line["event"])], line


def events(folder: Path) -> list[dict[str, object]]:
    """Give every line of a log."""
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("command", GET_LOG)
def test_get_log(tmp_path: Path, command: str) -> None:
    """Each platform's log becomes the lines of the service alone, whatever stands before them."""
    line = '{"event":"started","level":"info"}'
    told = f"2026-11-25T08:05:14.2+00:00 app[web.1]: {line}\nan error of somebody else\n{line}"
    programs = tmp_path / "programs"
    programs.mkdir()
    recorder = Recorder(programs, dict.fromkeys(("heroku", "fly", "docker", "journalctl"), told))
    assert recorder.run(command, tmp_path) == [command.partition(" |")[0].split()]
    assert (tmp_path / "log").read_text() == f"{line}\n{line}\n"


def test_names_in_get_log() -> None:
    """Container and unit have the names that the document on deployment gives them."""
    deploy = (ROOT / "docs/deploy.md").read_text()
    assert "--name astropiks " in deploy
    assert "docker logs astropiks " in TEXT
    assert (ROOT / "deploy/astropiks-proxy.service").exists()
    assert "--unit astropiks-proxy " in TEXT


def test_refusals(nasa: str, tmp_path: Path) -> None:
    """Question 1: the log says why, and since when. Question 6: a request is found."""
    incidents.refusals(nasa, tmp_path)
    assert lines(answered(REASONS.commands, tmp_path)) == lines(REASONS.answer)
    by_minute = lines(answered(SINCE_WHEN.commands, tmp_path))
    assert {line.split()[1] for line in by_minute} == {lines(SINCE_WHEN.answer)[0].split()[1]}
    assert sum(int(line.split()[0]) for line in by_minute) == 7

    call = next(line for line in events(tmp_path) if line["event"] == "nasa_call")
    found = BY_ID.commands.replace(WRITTEN_ID, str(call["request_id"]))
    assert lines(answered(found, tmp_path)) == lines(BY_ID.answer)
    minute = str(next(line for line in events(tmp_path) if line.get("reason"))["timestamp"])[:16]
    asked = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d", minute, BY_MINUTE.commands)
    bad = lines(answered(asked, tmp_path))
    assert lines(BY_MINUTE.answer)[0] in bad
    assert [line for line in bad if '"status":401' not in line] == []


def test_nasa_down(standin: StandIn, nasa: str, tmp_path: Path) -> None:
    """Question 2: the log says which API fails how, since when, and what users get."""
    incidents.nasa_down(standin, nasa, tmp_path)
    for one in (CALLS, SET_ASIDE, USERS):
        assert lines(answered(one.commands, tmp_path)) == lines(one.answer)


def test_stale(standin: StandIn, nasa: str, tmp_path: Path) -> None:
    """Question 2: answers past their lifetime are found."""
    incidents.nasa_down_for_long(standin, nasa, tmp_path / "service")
    assert lines(answered(STALE.commands, tmp_path / "service")) == lines(STALE.answer)


def test_quota(standin: StandIn, nasa: str, tmp_path: Path) -> None:
    """Question 3: calls that NASA refused, requests that went without, and who calls."""
    incidents.quota_used_up(standin, nasa, tmp_path)
    for one in (OVER_QUOTA, BY_HOUR):
        assert lines(answered(one.commands, tmp_path)) == lines(one.answer)


def test_files(nasa: str, tmp_path: Path) -> None:
    """Question 4: the log says whether a changed file is in force."""
    incidents.changed_files(nasa, tmp_path / "service")
    assert lines(answered(FILES.commands, tmp_path / "service")) == lines(FILES.answer)


def test_slow(standin: StandIn, nasa: str, tmp_path: Path) -> None:
    """Question 7: slow routes, and slow sources."""
    incidents.slow_nasa(standin, nasa, tmp_path)
    assert lines(answered(SLOW.commands, tmp_path)) == lines(SLOW.answer)


def test_trail(nasa: str, redis: RedisServer, tmp_path: Path) -> None:
    """Question 9: who got what and who did not, in the log and in Redis. Question 8: its memory."""
    if shutil.which("redis-cli") is None:
        pytest.skip("NO redis-cli HERE: install redis-tools to have what it shows tested")
    settings = {"REDIS_URL": redis.url, "RUNTIME_SECRET_MAPS_KEY": "value"}
    with incidents.serving(nasa, tmp_path, **settings) as machine:
        until(lambda: "redis" not in ask(machine, "/readyz").text)
        ask(machine, "/secrets/maps-key")
        ask(machine, "/secrets/guessed")
        stream = answered(STREAM.commands, tmp_path, REDIS_URL=redis.url).split()
        memory = lines(answered(FULL.commands, tmp_path, REDIS_URL=redis.url))
    for one in (TRAIL, WHO):
        assert lines(answered(one.commands, tmp_path)) == lines(one.answer)
    assert [stream.count(word) for word in ("secret_delivered", "maps-key", "unknown")] == [1, 1, 1]
    assert memory == lines(FULL.answer)


def test_redis_away(nasa: str, redis: RedisServer, tmp_path: Path) -> None:
    """Question 8: Redis lost and found. Question 9: why secrets are held back meanwhile."""
    settings = {"REDIS_URL": redis.url, "RUNTIME_SECRET_MAPS_KEY": "value"}
    with incidents.serving(nasa, tmp_path, **settings) as machine:
        until(lambda: "redis" not in ask(machine, "/readyz").text)
        redis.stop()
        until(lambda: "redis" in ask(machine, "/readyz").text)
        probe = READY.commands.replace("https://your.domain", machine.url)
        assert lines(answered(probe, tmp_path)) == lines(READY.answer)
        assert ask(machine, "/secrets/maps-key").status_code == 503
        assert ask(machine, f"{APOD}?date=2021-10-12").status_code == 200
        redis.start()
        machine.wait_for("redis_back")
    for one in (REDIS, HELD_BACK):
        assert lines(answered(one.commands, tmp_path)) == lines(one.answer)


def test_restart(nasa: str, tmp_path: Path) -> None:
    """Question 10: the life of a process in its log, and whether it is in service."""
    with incidents.serving(nasa, tmp_path, APOD_WARM_DAYS="1") as machine:
        machine.wait_for("warmed")
        probe = STATUS.commands.replace("https://your.domain", machine.url)
        assert answered(probe, tmp_path) == STATUS.answer
        machine.process.send_signal(signal.SIGTERM)
        machine.wait_for("stopping")
        assert answered(probe, tmp_path).strip() == "503"
        assert machine.process.wait(30) == 0
    assert lines(answered(STARTS.commands, tmp_path)) == lines(STARTS.answer)


def test_exit_statuses(nasa: str, tmp_path: Path) -> None:
    """Question 10: the statuses are those of the table, and stderr names what to look at."""
    rows_of = re.findall(r"^\| (\d+) \| .* \| (.*?) ?\|$", section("10."), re.MULTILINE)
    assert [status for status, _ in rows_of] == ["0", "1", "2", "3", "137"]
    good = {"NASA_API_KEY": NASA_KEY, "APPROOV_BASE64_SECRET": SECRET_TEXT, "HOST": "127.0.0.1"}
    taken = nasa.rpartition(":")[2]
    for variable in ("PORT", "METRICS_PORT"):
        ports = {"PORT": str(free_port()), variable: taken}
        ended = run(incidents.SERVE, environment(**good, **ports), tmp_path)
        assert ended.returncode == 1
        assert f"Set {variable}" in ended.stderr
        assert f"`{variable}`" in rows_of[1][1]
    elsewhere = {"PORT": str(free_port()), "HOST": "no.such.host.invalid"}
    ended = run(incidents.SERVE, environment(**{**good, **elsewhere}), tmp_path)
    assert (ended.returncode, "HOST" in ended.stderr) == (1, True)
    ended = run(incidents.SERVE, environment(**{**good, "PORT": "marker"}), tmp_path)
    assert (ended.returncode, "PORT" in ended.stderr, "marker" in ended.stderr) == (2, True, False)


def test_traces(nasa: str, tmp_path: Path, collector: Collector) -> None:  # noqa: F811
    """The command sends traces by OpenTelemetry's own variables, and the log names each trace."""
    assert INSTALL.endswith(" requirements-otel.txt")
    command = TRACED.replace("http://127.0.0.1:4318", collector.url)
    with incidents.serving(nasa, tmp_path, ["sh", "-c", f"exec env {command}"]) as machine:
        given = ask(machine, f"{APOD}?date=2021-10-12").headers["X-Request-ID"]
    found = answered(TRACE.commands.replace(WRITTEN_ID, given), tmp_path)
    assert lines(found) == lines(TRACE.answer)
    (span,) = [one for one in collector.spans() if one["name"] == "GET /planetary/apod"]
    assert (span["service.name"], span["trace"]) == ("astropiks", found.split('"')[3])


def test_install_of_traces() -> None:
    """What traces want is pinned, and here."""
    ended = run(
        [ASTROPIKS[0], "-m", *INSTALL.split(), "--dry-run", "--no-index"], environment(), ROOT
    )
    assert ended.returncode == 0, ended.stderr
    assert "Would install" not in ended.stdout


def test_reasons() -> None:
    """The document explains every reason code once, and no other."""
    told = [code for row in rows(section("5.")) for code in codes(row[0])]
    assert sorted(told) == sorted(kind.reason for kind in kinds())


def test_outcomes() -> None:
    """The document explains every outcome that a call of NASA can have, and every one of Redis."""
    told = [code for row in rows(section("2.")) for code in codes(row[0])]
    failures = {kind.outcome for kind in SourceError.__subclasses__()}
    assert sorted(told) == sorted(failures | {"answered", "nothing", "cancelled", "defect"})
    told = [code for row in rows(section("8.")) for code in codes(row[0])]
    assert sorted(told) == sorted(get_args(metrics.RedisOutcome))


def test_settings() -> None:
    """The variables that the document names are there."""
    named = set(re.findall(r"`([A-Z]+_[A-Z0-9_]+)\b", TEXT))
    known = (ROOT / ".env.example").read_text()
    others = {name for name in named if f"# {name}=" not in known and not name.startswith("OTEL_")}
    files = {f"{name}_FILE" for name in SECRET_VARIABLES}
    assert others - files == {"NO_APPROOV_SERVICE"}


def test_anchors() -> None:
    """Links to a section, here or in another document, lead to one."""
    here = ROOT / DOCUMENT
    for file, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", TEXT):
        text = (here.parent / file if file else here).read_text()
        titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in titles}


LOGGED = re.compile(r'logs\.log\(\s*(?:"(\w+)"|(\w+)),\s*"(\w+)"')


def test_events() -> None:
    """The table has every event that the service logs, each with its level, and no other."""
    levels = {
        "request": "info",
        "secret_delivered": "info",
        "secret_refused": "info",
        "lines_lost": "warning",
    }
    for package in ("astropiks", "proxy", "secrets_service", "edge"):
        for path in (ROOT / package).rglob("*.py"):
            for level, _, event in LOGGED.findall(path.read_text()):
                levels[event] = level or "info, warning, error"
    told = {codes(row[0])[0]: row[1] for row in rows(section("Every line"))}
    assert len(levels) > 20
    assert told == levels


def test_fields() -> None:
    """The fields in the table are those that a line may have."""
    told = {field for row in rows(section("Every line")) for field in codes(row[2])}
    assert (
        told | {"timestamp", "level", "event", "request_id", "trace_id", "logger"}
        == log_fields.FIELDS
    )


def test_nothing_is_told(nasa: str, tmp_path: Path) -> None:
    """No token, query, header or path is in the log, and address and device in the trail alone."""
    odd = {"Authorization": "Bearer mark-of-a-user", "User-Agent": "mark-of-an-agent"}
    with incidents.serving(nasa, tmp_path, RUNTIME_SECRET_MAPS_KEY="mark-of-a-value") as machine:
        good, bad = token(device="mark-of-a-device"), token(device="mark-of-another")[:-4] + "AAAA"
        for path in (f"{APOD}?date=2021-10-12&api_key=mark-of-a-key", "/mark-of-a-path"):
            for given in (good, bad):
                ask(machine, path, given, **odd)
        assert ask(machine, "/secrets/maps-key", good).status_code == 200
        ask(machine, "/secrets/mark-of-a-name", good)
    text = (tmp_path / "log").read_text()
    marks = ["mark-of", "2021-10-12", good.split(".")[1], bad.split(".")[1], NASA_KEY, SECRET_TEXT]
    assert [mark for mark in marks if mark in text] == []
    telling = {str(line["event"]) for line in events(tmp_path) if {"device", "address"} & {*line}}
    assert telling == {"secret_delivered", "secret_refused"}
