"""AWS Secrets Manager. The only module that imports `boto3`, which is optional."""

import asyncio
import json
from functools import cache
from typing import Any

from pydantic import SecretStr

from secrets_service.errors import SourceError
from secrets_service.values import checked_value

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 2
"""Together less than the vault waits."""


class AwsSource:
    """One secret there, or one member of it if it is a JSON object."""

    def __init__(self, secret_id: str, key: str | None) -> None:
        """Find AWS itself by its own variables: region, credentials, endpoint.

        Raises:
            ValueError: `boto3` is not installed, or those variables do not suffice.
        """
        self._secret_id = secret_id
        self._key = key
        try:
            _client()
        except ImportError:
            msg = "wants boto3: pip install --require-hashes -r requirements-aws.txt"
            raise ValueError(msg) from None
        except Exception as error:  # noqa: BLE001  (botocore's errors have no common root)
            msg = f"the AWS client cannot be made ({type(error).__name__}): is AWS_REGION set?"
            raise ValueError(msg) from None

    async def read(self) -> SecretStr:
        """Ask AWS, off the event loop."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> SecretStr:
        try:
            text = _client().get_secret_value(SecretId=self._secret_id)["SecretString"]
        except Exception as error:  # noqa: BLE001  (and their texts quote what was asked for)
            raise SourceError(f"AWS gave no secret ({_code(error)})") from None
        if self._key is None:
            return checked_value(text)
        try:
            member = json.loads(text)[self._key]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SourceError("the secret is no JSON object with that member") from None
        if not isinstance(member, str):
            raise SourceError("that member of the secret is no text")
        return checked_value(member)


@cache
def _client() -> Any:  # noqa: ANN401  (boto3 makes its clients' types at run time)
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS},
    )
    return boto3.client("secretsmanager", config=config)


def _code(error: Exception) -> str:
    """Give AWS's own code for a failure, or the type of another."""
    response = getattr(error, "response", {})
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return code if isinstance(code, str) and code.isalnum() else type(error).__name__
