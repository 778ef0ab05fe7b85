"""Published vectors of message signing: a token with an install key, and two signed requests."""

import base64

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from astropiks.signer import InstallKey

SECRET_B = "TEST+SECRET/" * 7 + "AA=="

TOKEN_B9 = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJhcHByb292LmlvIiwiZXhwIjoxOTk5OTk5OTk5LCJpY"
    "XQiOjE3MDAwMDAwMDAsImlzcyI6IkFwcHJvb3ZBY2NvdW50SUQuYXBwcm9vdi5pbyIsInN1YiI6ImFwcHJvb3Z8RXh"
    "hbXBsZUFwcHJvb3ZUb2tlbkRJRD09IiwiaXAiOiIxLjIuMy40IiwiaXBrIjoiTUZrd0V3WUhLb1pJemowQ0FRWUlLb"
    "1pJemowREFRY0RRZ0FFSlNtNERNY2l2QXd2aE0rS05jZTJDL1gyNmNqM29HeVV3V1ZVUHVOdVpIdGQycXlWc00rMGc"
    "3cVg3M1FoME9mNmZuMTBBQXBMbmw4dlJRc3Z4OTRmWlE9PSIsImRpZCI6IkV4YW1wbGVBcHByb292VG9rZW5ESUQ9P"
    "SJ9.hV6xTkGsp9uWwrD-yKkIGTBJawbofJEsuRLw9Qa5YXY"
)

INSTALL_KEY_DER = base64.b64decode(
    "MHcCAQEEIHWZ2Ueq6odQNG+aaYmEbp7C6nujYNGr7nYKK2jqQ2asoAoGCCqGSM49AwEHoUQDQgAEJSm4DMcivAwvhM"
    "+KNce2C/X26cj3oGyUwWVUPuNuZHtd2qyVsM+0g7qX73Qh0Of6fn10AApLnl8vRQsvx94fZQ=="
)

ORIGIN, PATH, QUERY = "http://0.0.0.0:8111", "/token", "param1=value1&param2=value2"
CREATED = 1744292750
PARAMETERS = f';alg="ecdsa-p256-sha256";created={CREATED};expires=1999999999'

SIGNED = {
    "T1": (
        '("@method" "approov-token")',
        "lSlr3UKtqghyM2Qi/pTKn7SXbZ8Xz/uI5D8hnkjJGNxy0ZY7qlhgP7LMvo8spJIEBlvak9DAriHTpm20u2jwvw==",
        "Qp/vg34SVg1J2VZhvqG6FWlgUp142PJhoD8f6+Gr9c0=",
    ),
    "T2": (
        '("@method" "@target-uri" "approov-token")',
        "L0Tu5J7CS3Tn+eyDX3jm75o+5t8Is1zdFB9sUBtFo7fxHSml9hvpgDB0aPKWKX5cp3HZehDci0GD2kQwCkZfZQ==",
        "6K4F6LGF+NhHQy7YLLiIgNcBFthYfn4xbqoLoLW1GY4=",
    ),
}
"""Covered components, raw signature, SHA-256 of the base."""


def install_key() -> InstallKey:
    """Give the key pair whose public half is in `TOKEN_B9`."""
    private = load_der_private_key(INSTALL_KEY_DER, None)
    assert isinstance(private, EllipticCurvePrivateKey)
    return InstallKey(private)
