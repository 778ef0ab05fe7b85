"""The alerts: each one fires when it should, and not when all is well, by promtool's own tests."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

import proxy.app
import secrets_service.app
from edge.health import Health
from tests.conftest import EVERYTHING, make_settings
from tests.documents import queries
from tests.documents.blocks import TEXT
from tests.processes import ROOT, environment, run

RULES = ROOT / "docs/alerts.yaml"

Series = dict[str, str]
"""Series and their values, a minute apart, as promtool writes them."""

APOD = 'route="/planetary/apod"'
REQUESTS = "astropiks_requests_total"
DECISIONS = "astropiks_attestations_total"
SECRET_503 = f'{REQUESTS}{{route="/secrets/{{name}}",status="503"}}'
BUCKET = "astropiks_request_seconds_bucket"
CALLS = "astropiks_nasa_calls_total"
REDIS = "astropiks_redis_failures_total"

STEADY = "0+600x1500"
FIRST_SEEN = "_x30 1+0x1470"
"""A counter that was not there, and then counts one event."""


class Case(NamedTuple):
    """When an alert fires, and when it does not; *minute* is when to look."""

    alert: str
    minute: int
    trouble: Series
    calm: Series


CASES = [
    Case("AstropiksGone", 45, {"astropiks_workers": "1x30 _x30"}, {"astropiks_workers": "1x60"}),
    Case("AstropiksGone", 35, {"astropiks_workers": "0x60"}, {"astropiks_workers": "2x60"}),
    Case("AstropiksMachineGone", 20, {'up{job="astropiks"}': "0x60"}, {'up{job="other"}': "0x60"}),
    Case(
        "AstropiksUsersSeeErrors",
        20,
        {
            f'{REQUESTS}{{{APOD},status="200"}}': "0+600x60",
            f'{REQUESTS}{{{APOD},status="503"}}': "0+30x60",
        },
        {
            f'{REQUESTS}{{{APOD},status="200"}}': "0+600x60",
            f'{REQUESTS}{{{APOD},status="503"}}': "0+1x60",
            f'{REQUESTS}{{route="/readyz",status="503"}}': "0+1x60",
        },
    ),
    Case(  # one of few is no reason to wake anybody
        "AstropiksUsersSeeErrors",
        20,
        {f'{REQUESTS}{{{APOD},status="504"}}': "0+3x60"},
        {f'{REQUESTS}{{{APOD},status="504"}}': "0x10 1x50"},
    ),
    Case(
        "AstropiksGenuineAppsRefused",
        30,
        {
            f'{DECISIONS}{{result="accepted",reason=""}}': "0+60x60",
            f'{DECISIONS}{{result="refused",reason="signature_invalid"}}': "0+30x60",
        },
        {
            f'{DECISIONS}{{result="accepted",reason=""}}': "0+60x60",
            f'{DECISIONS}{{result="refused",reason="expired"}}': "0+5x60",
            f'{DECISIONS}{{result="refused",reason="token_missing"}}': "0+900x60",
        },
    ),
    Case(  # after a restart with a wrong secret nothing at all is accepted
        "AstropiksGenuineAppsRefused",
        30,
        {f'{DECISIONS}{{result="refused",reason="key_unknown"}}': "0+30x60"},
        {f'{DECISIONS}{{result="refused",reason="token_missing"}}': "0+30x60"},
    ),
    Case(
        "AstropiksSlow",
        30,
        {
            f'{BUCKET}{{{APOD},le="2.5"}}': "0+90x60",
            f'{BUCKET}{{{APOD},le="5"}}': "0+100x60",
            f'{BUCKET}{{{APOD},le="+Inf"}}': "0+100x60",
        },
        {
            f'{BUCKET}{{{APOD},le="0.1"}}': "0+100x60",
            f'{BUCKET}{{{APOD},le="+Inf"}}': "0+100x60",
            f'{BUCKET}{{route="/v2/apod.nasa.gov/{{path:path}}",le="10"}}': "0+0x60",
            f'{BUCKET}{{route="/v2/apod.nasa.gov/{{path:path}}",le="+Inf"}}': "0+100x60",
        },
    ),
    Case(
        "AstropiksNasaDown",
        10,
        {f'astropiks_breaker_open{{source="{one}"}}': "1x60" for one in ("legacy", "science")},
        {
            'astropiks_breaker_open{source="legacy"}': "1x60",
            'astropiks_breaker_open{source="science"}': "0x60",
        },
    ),
    Case(
        "AstropiksSourceDown",
        70,
        {'astropiks_breaker_open{source="legacy"}': "1x80"},
        {'astropiks_breaker_open{source="legacy"}': "1x40 0 1x39"},
    ),
    Case(
        "AstropiksOldPictures",
        90,
        {'astropiks_cache_results_total{kind="apod",result="stale-if-error"}': "0+5x100"},
        {'astropiks_cache_results_total{kind="apod",result="stale-while-revalidate"}': "0+5x100"},
    ),
    Case(
        "AstropiksKeyRefused",
        35,
        {f'{CALLS}{{source="legacy",outcome="key_refused"}}': FIRST_SEEN},
        {f'{CALLS}{{source="legacy",outcome="key_refused"}}': "1x60"},
    ),
    Case(
        "AstropiksQuotaLow",
        20,
        {'astropiks_nasa_quota_remaining{source="api.nasa.gov"}': "60x30"},
        {
            'astropiks_nasa_quota_remaining{source="api.nasa.gov"}': "500x30",
            'astropiks_nasa_quota_remaining{source="science.nasa.gov"}': "5x30",
        },
    ),
    Case(
        "AstropiksRedisAway",
        10,
        {'astropiks_redis_up{instance="a"}': "0x60", 'astropiks_redis_up{instance="b"}': "1x60"},
        {'astropiks_redis_up{instance="a"}': "1x60"},
    ),
    Case(
        "AstropiksRedisRefuses",
        40,
        {f'{REDIS}{{outcome="refused"}}': FIRST_SEEN},
        {f'{REDIS}{{outcome="crowded"}}': FIRST_SEEN},
    ),
    Case("AstropiksSecretsHeldBack", 33, {SECRET_503: FIRST_SEEN}, {SECRET_503: "3x60"}),
    Case(
        "AstropiksFileKept",
        32,
        {'astropiks_keyset_reloads_total{result="kept"}': FIRST_SEEN},
        {'astropiks_keyset_reloads_total{result="replaced"}': FIRST_SEEN},
    ),
    Case(
        "AstropiksFileKept",
        35,
        {'astropiks_secrets_reloads_total{result="kept"}': "1x30 2x30"},
        {'astropiks_secrets_reloads_total{result="kept"}': "1x60"},
    ),
    *(
        Case("AstropiksDefect", 35, {series: FIRST_SEEN}, {series: "1x60"})
        for series in (
            f'{REQUESTS}{{{APOD},status="500"}}',
            f'{DECISIONS}{{result="refused",reason="verification_failure"}}',
            f'{CALLS}{{source="legacy",outcome="defect"}}',
        )
    ),
    Case(
        "AstropiksOnlyMonitoring",
        1499,
        {f'{DECISIONS}{{result="monitored",reason="token_missing"}}': STEADY},
        {f'{DECISIONS}{{result="refused",reason="token_missing"}}': STEADY},
    ),
]


def promtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run it, or skip the test."""
    if shutil.which("promtool") is None:
        pytest.skip("NO PROMTOOL HERE: install prometheus to have the alerts tried")
    return run(["promtool", *arguments], environment(), cwd)


def test_rules(tmp_path: Path) -> None:
    """Prometheus takes the file."""
    ended = promtool("check", "rules", str(RULES), cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_each_alert(tmp_path: Path) -> None:
    """Each alert fires in its trouble, and keeps quiet in the calm."""
    tests = [
        {
            "name": f"{case.alert} {'fires' if fires else 'keeps quiet'}",
            "interval": "1m",
            "input_series": [{"series": name, "values": series[name]} for name in series],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}})',
                    "eval_time": f"{case.minute}m",
                    "exp_samples": [{"value": 1}] if fires else [],
                }
            ],
        }
        for case in CASES
        for fires, series in ((True, case.trouble), (False, case.calm))
    ]
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}))
    ended = promtool("test", "rules", str(file), cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_no_alert_is_left_out() -> None:
    """Each alert is among those that are tried."""
    assert {case.alert for case in CASES} == {rule["alert"] for rule in queries.rules()}


def test_routes() -> None:
    """The routes that are tried are those of the service."""
    settings = make_settings(**EVERYTHING)
    routes = [*proxy.app.routes(settings), *secrets_service.app.routes(), *Health().routes()]
    named = {
        route
        for case in CASES
        for series in (*case.trouble, *case.calm)
        for route in re.findall(r'route="([^"]+)"', series)
    }
    assert named <= {route.path for route in routes}


@pytest.mark.parametrize("rule", queries.rules(), ids=lambda rule: rule["alert"])
def test_what_they_say(rule: queries.Json) -> None:
    """Each alert says what is the matter, whether it can wait, and where to read on."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    told = rule["annotations"]
    assert told["summary"]
    numbers = re.findall(r"[Qq]uestions? (\d+)(?: and (\d+))?", told["description"])
    assert numbers or "report it" in told["description"]
    for number in {one for pair in numbers for one in pair if one}:
        assert f"\n## {number}. " in TEXT
