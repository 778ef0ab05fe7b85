"""The Lambda authorizer, in a process of its own, as Lambda runs it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx
import pytest

from astropiks.mint import sign
from tests import moto_server
from tests.conftest import SECRET
from tests.gateways.aws_lambda import SECRET_TEXT
from tests.gateways.lambda_events import API, SHAPES, http_2, rest_request, rest_token
from tests.gateways.lambda_runtime import Invoke, Outcome, function, log_of
from tests.gateways.verdicts import (
    BINDINGS,
    HEADER,
    TOKEN,
    TOKENS,
    USER,
    Verdict,
    bound,
    claims,
    signed,
)
from tests.processes import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Be where the function runs."""
    return tmp_path_factory.mktemp("function")


@pytest.fixture(scope="module")
def invoke(folder: Path) -> Iterator[Invoke]:
    """Call the function, with the secret in its environment."""
    with function(folder, APPROOV_BASE64_SECRET=SECRET_TEXT) as invoke:
        yield invoke


@pytest.fixture(scope="module")
def invoke_bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoke]:
    """Call one that wants tokens bound to Authorization, and answers with policies only."""
    changes = {"APPROOV_BINDING_HEADERS": "Authorization", "APPROOV_ANSWERS": "policy"}
    with function(
        tmp_path_factory.mktemp("bound"), APPROOV_BASE64_SECRET=SECRET_TEXT, **changes
    ) as invoke:
        yield invoke


def verdict(outcome: Outcome) -> Verdict:
    """Read an outcome as API Gateway does; what would be a 500 is no verdict."""
    if outcome.error is not None:
        assert outcome.error["errorMessage"] == "Unauthorized"
        return "missing"
    answer = outcome.answer
    if "isAuthorized" in answer:
        return "accepted" if answer["isAuthorized"] is True else "invalid"
    return "accepted" if statement(outcome)["Effect"] == "Allow" else "invalid"


def statement(outcome: Outcome) -> dict[str, Any]:
    """Give the policy's one statement."""
    (only,) = outcome.answer["policyDocument"]["Statement"]
    assert isinstance(only, dict)
    return only


def expected(right: Verdict, shape: str) -> Verdict:
    """Say what the function itself can say: HTTP APIs know no 401 of its."""
    return "invalid" if right == "missing" and shape.startswith("HTTP") else right


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", TOKENS)
def test_shapes(invoke: Invoke, case: str, shape: str) -> None:
    """Each shape of event has the same verdict on each token."""
    outcome = invoke(SHAPES[shape](TOKENS[case].fields()))
    assert verdict(outcome) == expected(TOKENS[case].verdict, shape)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if "TOKEN" not in shape])
@pytest.mark.parametrize("case", BINDINGS)
def test_bindings(invoke_bound: Invoke, case: str, shape: str) -> None:
    """So it is with binding, wherever the event tells other headers."""
    outcome = invoke_bound(SHAPES[shape](BINDINGS[case].fields()))
    assert verdict(outcome) == expected(BINDINGS[case].verdict, shape)


def test_binding_without_headers(invoke_bound: Invoke) -> None:
    """A TOKEN event has no header that a token could be bound to, so binding refuses each."""
    assert verdict(invoke_bound(rest_token([(TOKEN, bound()), ("Authorization", USER)]))) == (
        "invalid"
    )


def test_simple(invoke: Invoke) -> None:
    """With payload 2.0 the answer is a boolean, and the claims that are single values."""
    token = signed(exp=4102444800, arc="ABC", ratio=1.5, good=True, nested={"a": 1}, many=[1])
    assert invoke(http_2([(TOKEN, token)])).answer == {
        "isAuthorized": True,
        "context": {
            "exp": 4102444800, "did": "ZGV2aWNl", "arc": "ABC", "ratio": 1.5, "good": True
        },
    }  # fmt: skip
    assert invoke(http_2([(TOKEN, "x")])).answer == {"isAuthorized": False, "context": {}}


def test_policy(invoke: Invoke) -> None:
    """A policy is of the whole stage, so that it fits every route for which it is remembered."""
    allowed = invoke(rest_request([(TOKEN, signed(exp=4102444800))]))
    assert allowed.answer == {
        "principalId": "ZGV2aWNl",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": f"{API}/prod/*",
                }
            ],
        },
        "context": {"exp": 4102444800, "did": "ZGV2aWNl"},
    }
    refused = invoke(rest_request([(TOKEN, "x")]))
    assert statement(refused) == {**statement(allowed), "Effect": "Deny"}
    assert refused.answer["context"] == {}


def test_policy_for_payload_2(invoke_bound: Invoke) -> None:
    """An HTTP API without simple responses is answered with a policy, if it is set so."""
    outcome = invoke_bound(http_2([(TOKEN, bound()), ("Authorization", USER)]))
    assert statement(outcome)["Resource"] == f"{API}/$default/*"


@pytest.mark.parametrize("shape", ["REST API, REQUEST", "REST API, TOKEN"])
def test_unauthorized(invoke: Invoke, shape: str) -> None:
    """A REST API without a token is told so by the one error that it answers with 401."""
    error = invoke(SHAPES[shape]([])).error
    assert error is not None
    assert error["errorMessage"] == "Unauthorized"


@pytest.mark.parametrize(
    "changes",
    [{"name": "\ud800"}, {"did": "\ud800"}, {"n": 1e300}, {"n": None}, {"a.b": 1}, {"": ""}],
    ids=str,
)
def test_odd_claims(invoke: Invoke, changes: dict[str, object]) -> None:
    """A claim that API Gateway could not take is left out, and nothing breaks."""
    token = sign(HEADER, {**claims(), **changes}, SECRET)
    for make in (http_2, rest_request):
        outcome = invoke(make([(TOKEN, token)]))
        assert verdict(outcome) == "accepted"
        assert set(outcome.answer["context"]) <= {"exp", "did"}


@pytest.mark.parametrize(
    "event",
    [
        None, [], "x", 7, {}, {"version": "2.0"}, {"version": 2}, {"version": "1.0"},
        {"type": "TOKEN"}, {"type": "TOKEN", "authorizationToken": 7}, {"headers": None},
        {"headers": []}, {"headers": {"approov-token": None}}, {"headers": {"é": "é"}},
        {"version": "2.0", "headers": {"approov-token": "\ud800"}},
        {"multiValueHeaders": {"approov-token": "x"}, "headers": {"approov-token": "x"}},
        {"multiValueHeaders": {"approov-token": [None, {}]}},
        {"version": "2.0", "headers": {"approov-to\u212aen": "x"}, "routeArn": 7},
        {"methodArn": "nonsense", "headers": {"approov-token": "x"}},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_bad_events(invoke: Invoke, event: object) -> None:
    """Whatever is in an event, it is refused, and the function goes on."""
    assert verdict(invoke(event)) in {"missing", "invalid"}
    assert verdict(invoke(http_2([(TOKEN, signed())]))) == "accepted"


def test_log(invoke: Invoke, folder: Path) -> None:
    """A refusal's reason is logged, and nothing of a token, of a secret or of a header."""
    tokens = [signed(exp=1), signed() + "x", "marker"]
    for token in tokens:
        invoke(http_2([(TOKEN, token), ("Authorization", "user-marker")]))
        invoke(rest_token([(TOKEN, token)]))
    text = log_of(folder)
    assert "refused: expired" in text
    assert not [one for one in (*tokens, SECRET_TEXT, "user-marker") if one in text]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "APPROOV_SECRET_ID"),
        ({"APPROOV_BASE64_SECRET": "bWFya2Vy"}, "decodes to 6 bytes"),
        ({"APPROOV_BASE64_SECRET": SECRET_TEXT, "APPROOV_BINDING_HEADER": "x"}, "BINDING_HEADER:"),
    ],
)
def test_bad_settings(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    """What is wrong with the settings is in the log, and requests fail without a verdict."""
    with function(tmp_path, **variables) as invoke:
        error = invoke(http_2([(TOKEN, signed())])).error
    assert error is not None
    assert error["errorMessage"] != "Unauthorized"
    assert named in log_of(tmp_path)
    assert "bWFya2Vy" not in log_of(tmp_path)


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Be AWS."""
    with moto_server.amazon(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def vault(amazon: str) -> Any:  # noqa: ANN401  (boto3 makes its clients' types at run time)
    """Be Secrets Manager, empty."""
    httpx.post(f"{amazon}/moto-api/reset")
    return boto3.client(
        "secretsmanager",
        endpoint_url=amazon,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_secrets_manager(amazon: str, vault: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A rotated secret is taken up, and the last good one kept while there is none."""
    vault.create_secret(Name="approov", SecretString=json.dumps({"key": SECRET_TEXT}))
    variables = {"APPROOV_SECRET_ID": "approov", "APPROOV_SECRET_MEMBER": "key"}
    variables |= {"APPROOV_SECRET_SECONDS": "0", **moto_server.variables(amazon)}
    event = http_2([(TOKEN, signed())])
    with function(tmp_path, **variables) as invoke:
        assert verdict(invoke(event)) == "accepted"
        vault.put_secret_value(SecretId="approov", SecretString=json.dumps({"key": "eHh4" * 16}))
        assert verdict(invoke(event)) == "invalid"
        both = json.dumps({"key": f"{'eHh4' * 16},{SECRET_TEXT}"})
        vault.put_secret_value(SecretId="approov", SecretString=both)
        assert verdict(invoke(event)) == "accepted"
        vault.delete_secret(SecretId="approov", ForceDeleteWithoutRecovery=True)
        assert verdict(invoke(event)) == "accepted"
    assert "secret_kept: Secrets Manager gave none (ResourceNotFoundException)" in log_of(tmp_path)
    assert SECRET_TEXT not in log_of(tmp_path)


def test_secrets_manager_away(tmp_path: Path) -> None:
    """Without a secret there is no verdict, for a refusal would be remembered."""
    variables = moto_server.variables(f"http://127.0.0.1:{free_port()}")
    with function(tmp_path, APPROOV_SECRET_ID="approov", **variables) as invoke:
        error = invoke(rest_request([(TOKEN, signed())])).error
    assert error is not None
    assert error["errorType"] == "NoKeysError"
    assert "secret_missing: Secrets Manager gave none (EndpointConnectionError)" in log_of(tmp_path)
