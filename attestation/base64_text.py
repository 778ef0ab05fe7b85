"""Base64 as people and Approov write it: either alphabet, with or without padding.

For keys and claims. The segments of a token have one spelling only, which `compact` demands.
"""

import base64


def decode(text: str) -> bytes:
    """Decode *text*.

    Raises:
        ValueError: it is no base64. The message does not quote it.
    """
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        raise ValueError("is not base64 or base64url text") from None
