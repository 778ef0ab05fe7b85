"""Dashboard, queries and alerts, as a real Prometheus sees a real process."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from astropiks.server import serving as serving_app
from edge import metrics
from proxy.errors import SourceError
from proxy.holdings import CacheResult
from standin.app import StandIn
from tests.attestation.test_token import kinds
from tests.conftest import NASA_KEY
from tests.documents import incidents, queries
from tests.documents.blocks import TEXT
from tests.documents.incidents import ask, until
from tests.documents.observed import (
    METRICS_TOKEN,
    Deployment,
    Prometheus,
    configuration,
    is_ready,
)
from tests.documents.queries import DASHBOARD, Json, Query, panels
from tests.machines.conftest import APOD
from tests.processes import ROOT, environment, free_port, running
from tests.redis_server import RedisServer

GIVEN_BY_PROMETHEUS = {"job", "instance", "le"}

QUIET = {"Old records because NASA fails", "Values left out", "Traces lost"}
"""Panels that show 0 where nothing is wrong with NASA, Redis or a collector for long."""

ALL = [*queries.of_the_dashboard(), *queries.of_the_document(), *queries.of_the_alerts()]


@pytest.fixture(scope="module")
def standin() -> StandIn:
    """Be NASA."""
    return StandIn(keys={NASA_KEY})


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Be a Redis of this module's own."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def deployment(
    standin: StandIn, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Be such a process."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    incidents.write_keys(folder / "keys.json")
    incidents.write_secrets(folder / "secrets.toml", folder / "maps")
    settings = {
        "METRICS_PORT": str(port),
        "METRICS_TOKEN": METRICS_TOKEN,
        "REDIS_URL": redis_server.url,
        "APPROOV_KEYSET_FILE": str(folder / "keys.json"),
        "RUNTIME_SECRETS_FILE": str(folder / "secrets.toml"),
        "NASA_PASSTHROUGH": "/neo/",
        "RATE_LIMIT_DEVICE": "5/hour",
        "RATE_LIMIT_REJECTED": "5/hour",
    }
    with (
        serving_app(standin) as nasa,
        incidents.serving(nasa, folder, **settings) as machine,
    ):
        until(lambda: "redis" not in ask(machine, "/readyz").text)
        yield Deployment(machine, port, standin, folder)


@pytest.fixture(scope="module")
def families(deployment: Deployment, redis_server: RedisServer) -> dict[str, set[str]]:
    """Give each name that Prometheus may ask for, with its labels."""
    deployment.live(redis_server)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(deployment.shown()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("query", ALL, ids=lambda query: query.where)
def test_names(query: Query, families: dict[str, set[str]]) -> None:
    """Each query is PromQL, and names metrics and labels that are shown."""
    known = {**families, "up": set()}
    for metric, labels in queries.selected(query.expr):
        assert metric in known, metric
        assert labels.keys() - GIVEN_BY_PROMETHEUS <= known[metric], metric
    grouped = queries.grouped_by(query.expr) - GIVEN_BY_PROMETHEUS
    assert grouped <= set().union(*(known[one.metric] for one in queries.selected(query.expr)))


REASONS = {kind.reason for kind in kinds()}
OUTCOMES = {kind.outcome for kind in SourceError.__subclasses__()} | {"defect"}
VALUES = {
    "reason": REASONS,
    "outcome": OUTCOMES | {*get_args(metrics.RedisOutcome)},
    "policy": {*get_args(metrics.Policy)},
    "kind": {"apod", "other"},
    "result": {*get_args(metrics.Decision), *get_args(CacheResult), "kept", "replaced"},
    "source": {"api.nasa.gov"},
}


@pytest.mark.parametrize("query", ALL, ids=lambda query: query.where)
def test_values(query: Query) -> None:
    """A value that a query names is one that there can be: no alert sleeps for a slip."""
    for _, labels in queries.selected(query.expr):
        for label in labels.keys() & VALUES.keys():
            assert set(labels[label]) <= VALUES[label]


def test_everything_is_shown(families: dict[str, set[str]]) -> None:
    """Each metric of ours is on the dashboard."""
    asked = {
        one.metric for query in queries.of_the_dashboard() for one in queries.selected(query.expr)
    }
    parts = re.compile("_(bucket|count|sum|created)$")
    ours = {parts.sub("", name) for name in families if name.startswith("astropiks_")}
    made_by_python = {name.removesuffix("_total") for name in ours}
    assert made_by_python - {parts.sub("", name).removesuffix("_total") for name in asked} == set()


def test_several_workers(standin: StandIn, families: dict[str, set[str]], tmp_path: Path) -> None:
    """What is asked for has the same names and labels where several workers count together."""
    port = free_port()
    settings = {"METRICS_PORT": str(port), "WEB_CONCURRENCY": "2"}
    with (
        serving_app(standin) as nasa,
        incidents.serving(nasa, tmp_path, **settings) as machine,
    ):
        ask(machine, APOD)
        found: dict[str, set[str]] = {}

        def is_shown() -> bool:
            shown = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            for family in text_string_to_metric_families(shown):
                for sample in family.samples:
                    found.setdefault(sample.name, set()).update(sample.labels)
            return found.keys() >= {"astropiks_workers", "astropiks_request_seconds_bucket"}

        until(is_shown)
    for name, labels in found.items():
        assert labels <= families[name], name


def test_importable() -> None:
    """The dashboard is tied to no installation: no ids, and a data source to choose."""
    assert DASHBOARD["uid"] is None
    assert DASHBOARD["id"] is None
    assert DASHBOARD["schemaVersion"] >= 39
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    (datasource, job) = DASHBOARD["templating"]["list"]
    assert (datasource["type"], datasource["name"]) == ("datasource", "datasource")
    sources = [job, *panels(), *(one for panel in panels() for one in panel["targets"])]
    assert all(one["datasource"] == chosen for one in sources)
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_layout() -> None:
    """Panels lie within the 24 columns, and none on another."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        across = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in across for y in range(place["y"], place["y"] + place["h"])}
        assert across.stop <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panels(panel: Json) -> None:
    """Each panel says what to do, has a unit, and asks for the chosen jobs alone."""
    assert len(panel["description"]) > 60
    assert panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        selected = [*queries.selected(target["expr"].replace("$__rate_interval", "1m"))]
        assert all("job" in one.labels for one in selected)
    for number in re.findall(r"questions? (\d+)", panel["description"]):
        assert f"\n## {number}. " in TEXT
    for file in re.findall(r"\b(docs/[\w.]+\.md)", panel["description"]):
        assert (ROOT / file).exists()


@pytest.fixture(scope="module")
def prometheus(
    deployment: Deployment,
    families: dict[str, set[str]],
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    """Scrape the deployment as the document says, before and after it has lived on."""
    assert families
    if shutil.which("prometheus") is None:
        pytest.skip("NO PROMETHEUS HERE: install prometheus to have the queries tried")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration(deployment, folder)))
    shutil.copy(ROOT / "docs/alerts.yaml", folder)
    command = [
        *("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
        *("--log.level=error", f"--web.listen-address=127.0.0.1:{port}"),
    ]
    url, output = f"http://127.0.0.1:{port}", folder / "output"
    with running(command, environment(), folder, output):
        until(lambda: is_ready(url))
        prometheus = Prometheus(url)
        prometheus.wait_until_scraped()
        deployment.live(redis_server)
        prometheus.wait_until_scraped()
        yield prometheus


def test_scraped(prometheus: Prometheus) -> None:
    """Both ways to scrape that the document shows work."""
    assert prometheus.values("up") == [1, 1]


@pytest.mark.parametrize("query", queries.of_the_dashboard(), ids=lambda query: query.where)
def test_panels_show_something(query: Query, prometheus: Prometheus) -> None:
    """Each query of the dashboard gets an answer, and more than zeros where something happened."""
    values = prometheus.values(query.expr)
    assert values
    assert max(values) > 0 or query.where in QUIET


@pytest.mark.parametrize("query", queries.of_the_document(), ids=lambda query: query.expr)
def test_queries_of_the_document(query: Query, prometheus: Prometheus) -> None:
    """Each query of the document gets an answer, if there is something to tell of."""
    values = prometheus.values(query.expr)
    assert values or "stale-if-error" in query.expr


def test_alerts_are_evaluated(prometheus: Prometheus) -> None:
    """Prometheus evaluates every rule without an error."""

    def is_evaluated() -> bool:
        groups = prometheus.get("rules")["groups"]
        return all(rule["health"] != "unknown" for group in groups for rule in group["rules"])

    until(is_evaluated)
    found = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in found} == {rule["alert"] for rule in queries.rules()}
    assert {rule["health"] for rule in found} == {"ok"}, json.dumps(found)
