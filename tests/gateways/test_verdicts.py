"""One table of requests, through everything that can stand in front of a server."""

from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest

from tests.gateways import (
    asgi,
    attest,
    aws_lambda,
    azure,
    haproxy,
    haproxy_attest,
    middleware,
    nginx,
)
from tests.gateways.verdicts import BINDINGS, TOKENS, Ask, Case, Verdict

GATEWAYS: Mapping[str, ModuleType] = {
    "asgi": asgi,
    "middleware": middleware,
    "aws_lambda": aws_lambda,
    "attest": attest,
    "nginx": nginx,
    "haproxy": haproxy,
    "haproxy_attest": haproxy_attest,
    "azure": azure,
}


@pytest.fixture(scope="module", params=[*GATEWAYS])
def gateway(request: pytest.FixtureRequest) -> ModuleType:
    """Be one kind of gateway."""
    return GATEWAYS[request.param]


@pytest.fixture(scope="module")
def ask(gateway: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask it, with the one secret configured."""
    with gateway.open_gateway(tmp_path_factory.mktemp("plain"), is_bound=False) as ask:
        yield ask


@pytest.fixture(scope="module")
def ask_bound(gateway: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask it, with tokens bound to Authorization."""
    with gateway.open_gateway(tmp_path_factory.mktemp("bound"), is_bound=True) as ask:
        yield ask


def agree(case: str, expected: Verdict, given: Verdict, cannot: Mapping[str, Verdict]) -> bool:
    """Tell whether a verdict is right, or known to be what this gateway cannot help."""
    expected = cannot.get(case, expected)
    return given == expected or (given == "refused" and expected in {"missing", "invalid"})


@pytest.mark.parametrize("case", TOKENS)
def test_token(gateway: ModuleType, ask: Ask, case: str) -> None:
    """Each has the same verdict on each token, but where its own table says otherwise."""
    expected = TOKENS[case]
    assert agree(case, expected.verdict, ask(expected.fields()), gateway.CANNOT)


@pytest.mark.parametrize("case", BINDINGS)
def test_binding(gateway: ModuleType, ask_bound: Ask, case: str) -> None:
    """So it is with tokens that have to be bound to something."""
    expected: Case = BINDINGS[case]
    assert agree(case, expected.verdict, ask_bound(expected.fields()), gateway.CANNOT)


@pytest.mark.parametrize("case", [*TOKENS, *BINDINGS])
def test_cannot(gateway: ModuleType, case: str) -> None:
    """What a gateway is said not to be able to do is a row of the table, and differs from it."""
    expected = {**TOKENS, **BINDINGS}[case].verdict
    assert gateway.CANNOT.get(case) != expected
