"""Queries for Prometheus, wherever the project shows some, and what they ask for."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import promql_parser as promql
import yaml

from tests.documents.blocks import fenced
from tests.processes import ROOT

Json: TypeAlias = dict[str, Any]

DASHBOARD: Json = json.loads((ROOT / "docs/grafana-dashboard.json").read_text(encoding="utf-8"))
ALERTS: Json = yaml.safe_load((ROOT / "docs/alerts.yaml").read_text(encoding="utf-8"))

GRAFANA = {"$__rate_interval": "1m", "$job": ".*"}
"""Its variables, as it would fill them in."""


class Query(NamedTuple):
    """One query, with a name to find it by."""

    where: str
    expr: str


class Selected(NamedTuple):
    """What a query selects: the name of a metric, its labels, and the values they may have."""

    metric: str
    labels: dict[str, list[str]]


def panels() -> list[Json]:
    """Give every panel of the dashboard that shows something."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def of_the_dashboard() -> list[Query]:
    """Give the queries of its panels, with Grafana's variables filled in."""
    found = [(panel["title"], one["expr"]) for panel in panels() for one in panel["targets"]]
    return [Query(title, _filled_in(expr)) for title, expr in found]


def _filled_in(expr: str) -> str:
    for name, value in GRAFANA.items():
        expr = expr.replace(name, value)
    return expr


def of_the_document() -> list[Query]:
    """Give those of docs/operations.md."""
    return [Query("operations.md", " ".join(text.split())) for text in fenced("promql")]


def rules() -> list[Json]:
    """Give every alerting rule."""
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def of_the_alerts() -> list[Query]:
    """Give their conditions."""
    return [Query(rule["alert"], rule["expr"]) for rule in rules()]


def selected(expr: str) -> Iterator[Selected]:
    """Give everything that a query selects.

    Raises:
        ValueError: it is no PromQL.
    """
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(promql.parse(expr), visit)
    for one in found:
        matchers = one.matchers.matchers
        yield Selected(one.name or "", {m.name: _alternatives(m.value) for m in matchers})


def _alternatives(value: str) -> list[str]:
    """Give the values that a matcher names; none, if it names them by more than `|`."""
    return [] if re.search(r"[.*+()?\[]", value.replace(".nasa.gov", "")) else value.split("|")


def grouped_by(expr: str) -> set[str]:
    """Give every label that a query groups by."""
    found: set[str] = set()

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            found.update(node.modifier.labels)

    promql.walk(promql.parse(expr), visit)
    return found
