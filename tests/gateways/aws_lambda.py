"""The Lambda authorizer behind an HTTP API, as gateways/aws_lambda/template.yaml sets it up."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import SECRET
from tests.gateways.lambda_events import http_2
from tests.gateways.lambda_runtime import function
from tests.gateways.verdicts import Ask, Fields, Verdict

CANNOT: Mapping[str, Verdict] = {}

SECRET_TEXT = base64.b64encode(SECRET).decode()


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:
    """Be API Gateway, with the function behind."""
    bound = {"APPROOV_BINDING_HEADERS": "Authorization"} if is_bound else {}
    with function(folder, APPROOV_BASE64_SECRET=SECRET_TEXT, **bound) as invoke:

        def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
            event = http_2(fields, method=method, target=target)
            if not any(event["identitySource"]):
                # Without what identifies a caller, API Gateway answers 401 and asks nobody.
                return "missing"
            outcome = invoke(event)
            assert outcome.error is None
            return "accepted" if outcome.answer["isAuthorized"] else "invalid"

        yield ask
