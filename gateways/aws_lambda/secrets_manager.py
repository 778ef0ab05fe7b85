"""AWS Secrets Manager. The only module here that imports `boto3`, which Lambda's runtime has."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateways.aws_lambda.remembered_keys import SecretReadError

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 2
"""Together less than the ten seconds that API Gateway waits for an authorizer."""


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One secret there, or one member of it if it is a JSON object."""

    secret_id: str
    member: str | None = None

    def read(self) -> str:
        """Ask for the value in force.

        Raises:
            SecretReadError: there is none, or AWS gives none; its own text could quote it.
        """
        try:
            answer = _client().get_secret_value(SecretId=self.secret_id)
        except Exception as error:  # noqa: BLE001  (botocore's errors have no common root)
            raise SecretReadError(f"Secrets Manager gave none ({_code(error)})") from None
        text = answer.get("SecretString")
        if self.member is not None:
            text = _member(text, self.member)
        if not isinstance(text, str):
            raise SecretReadError("what Secrets Manager gave is no text")
        return text


def _member(text: object, name: str) -> object:
    try:
        members = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise SecretReadError("what Secrets Manager gave is no JSON object")
    return members.get(name)


@cache
def _client() -> Any:  # noqa: ANN401  (boto3 makes its clients' types at run time)
    # Not above: with the secret in the environment, the second that it takes is saved.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS},
    )
    return boto3.client("secretsmanager", config=config)


def _code(error: Exception) -> str:
    """Name a failure by AWS's own code for it, or by its type."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return code if isinstance(code, str) and code.isalnum() else type(error).__name__
