"""What can be a value."""

from pydantic import SecretStr

from secrets_service.errors import SourceError

MAX_VALUE_BYTES = 64 * 1024
"""As much as AWS Secrets Manager holds."""


def checked_value(text: str) -> SecretStr:
    """Demand that there is a value, in UTF-8 and of a size that a secret has.

    Raises:
        SourceError: it is empty, too long or no text.
    """
    if not text:
        raise SourceError("the value is empty")
    try:
        size = len(text.encode())
    except UnicodeError:
        raise SourceError("the value is not UTF-8") from None
    if size > MAX_VALUE_BYTES:
        raise SourceError(f"the value is longer than {MAX_VALUE_BYTES} bytes")
    return SecretStr(text)
