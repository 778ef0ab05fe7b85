import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from secrets_service.errors import RecipientError
from secrets_service.sealing import Recipient, unseal
from standin.calendar import SettableClock
from tests.secrets_service.conftest import VALUE, Phone, Serve, Trail, token

SEALED = """
[secrets.maps-key]
source = "env:MAPS_KEY"
policy = { sealed = true }
"""
PLAIN = SEALED.replace("sealed = true", "sealed = false")
PATH = "/secrets/maps-key"


def asking(clock: SettableClock, phone: Phone, bound_to: str | None = None) -> dict[str, str]:
    """Give the headers by which a phone asks for a sealed secret."""
    bind = phone.recipient if bound_to is None else bound_to
    return {"Approov-Token": token(clock, bind=bind), "Secret-Recipient": phone.recipient}


@pytest.mark.parametrize("toml", [SEALED, PLAIN])
async def test_sealed(serve: Serve, clock: SettableClock, phone: Phone, toml: str) -> None:
    """Who sends a key gets the value sealed for it, whether the secret demands it or not."""
    async with serve(toml) as client:
        answer = await client.get(PATH, headers=asking(clock, phone))
    assert answer.headers["Content-Type"] == "application/jose"
    assert answer.headers["Cache-Control"] == "no-store"
    opened = json.loads(unseal(answer.text, phone.pem))
    assert (opened["name"], opened["value"]) == ("maps-key", VALUE)
    assert set(opened) == {"name", "value", "version", "expires_at"}


async def test_header_of_jwe(serve: Serve, clock: SettableClock, phone: Phone) -> None:
    """It is a compact JWE of ECDH-ES and A256GCM; name, version and key stand in its header."""
    async with serve(SEALED) as client:
        answer = await client.get(PATH, headers=asking(clock, phone))
    segments = answer.text.split(".")
    header = json.loads(base64.urlsafe_b64decode(segments[0] + "=="))
    assert (len(segments), segments[1]) == (5, "")
    assert (header["alg"], header["enc"]) == ("ECDH-ES", "A256GCM")
    assert (header["name"], header["version"]) == ("maps-key", answer.headers["ETag"].strip('"'))
    assert header["epk"]["crv"] == "P-256"
    assert len(header["kid"]) == 43
    assert VALUE not in answer.text


async def test_each_anew(serve: Serve, clock: SettableClock, phone: Phone) -> None:
    """Each answer is encrypted with a key of its own."""
    async with serve(SEALED) as client:
        headers = asking(clock, phone)
        first, second = [(await client.get(PATH, headers=headers)).text for _ in range(2)]
    assert first != second


async def test_man_in_the_middle(serve: Serve, clock: SettableClock, phone: Phone) -> None:
    """Another app with its own token, and all that went over the line, does not get the value."""
    thief = Phone()
    async with serve(SEALED) as client:
        headers = asking(clock, phone)
        answer = await client.get(PATH, headers=headers)
        with pytest.raises(ValueError, match="cannot be opened"):
            unseal(answer.text, thief.pem)
        # The victim's token with the thief's key, and the thief's token with the victim's key.
        changed = {**headers, "Secret-Recipient": thief.recipient}
        assert (await client.get(PATH, headers=changed)).status_code == 401
        own = {**asking(clock, thief), "Secret-Recipient": phone.recipient}
        assert (await client.get(PATH, headers=own)).status_code == 401
        # The victim's whole request again: the answer is for the victim alone.
        again = await client.get(PATH, headers=headers)
        with pytest.raises(ValueError, match="cannot be opened"):
            unseal(again.text, thief.pem)


@pytest.mark.parametrize("place", range(5))
async def test_changed_on_the_way(
    serve: Serve, clock: SettableClock, phone: Phone, place: int
) -> None:
    """No part of it can be changed unnoticed, its readable header included."""
    async with serve(SEALED) as client:
        segments = (await client.get(PATH, headers=asking(clock, phone))).text.split(".")
    if place == 0:
        header = json.loads(base64.urlsafe_b64decode(segments[0] + "=="))
        changed = json.dumps({**header, "name": "other"}).encode()
        segments[0] = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
    else:
        segments[place] = segments[place][::-1] + "A"
    with pytest.raises(ValueError, match="opened"):
        unseal(".".join(segments), phone.pem)


async def test_plain_request(serve: Serve, trail: Trail) -> None:
    """A sealed secret is not given out plain: the answer says what is wanted."""
    async with serve(SEALED) as client:
        answer = await client.get(PATH)
        listed = (await client.get("/secrets")).json()["secrets"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SEALED_ONLY")
    assert "Secret-Recipient" in answer.json()["detail"]
    assert VALUE not in answer.text
    assert listed[0]["sealed"] is True
    assert [(line["reason"], line["sealed"]) for line in trail()] == [("not_sealed", "true")]


@pytest.mark.parametrize("bound_to", ["", "another"])
async def test_not_bound(serve: Serve, clock: SettableClock, phone: Phone, bound_to: str) -> None:
    """A token that is not bound to the very header is refused as any bad token is."""
    async with serve(PLAIN, approov_missing_binding="allow") as client:
        headers = asking(clock, phone, bound_to)
        assert (await client.get(PATH, headers=headers)).status_code == 401
        headers["Approov-Token"] = token(clock)
        assert (await client.get(PATH, headers=headers)).status_code == 401


async def test_beside_other_binding(serve: Serve, clock: SettableClock, phone: Phone) -> None:
    """Where tokens are bound to other headers too, the key comes after them."""
    async with serve(SEALED, approov_binding_headers="authorization") as client:
        headers = {**asking(clock, phone), "Authorization": "user"}
        assert (await client.get(PATH, headers=headers)).status_code == 401
        headers = {**asking(clock, phone, f"user{phone.recipient}"), "Authorization": "user"}
        answer = await client.get(PATH, headers=headers)
    assert json.loads(unseal(answer.text, phone.pem))["value"] == VALUE


def spki(key: object) -> bytes:
    """Write a public key as DER."""
    return key.public_key().public_bytes(  # type: ignore[attr-defined,no-any-return]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def text_of(der: bytes) -> str:
    """Write it as the header wants it."""
    return base64.urlsafe_b64encode(der).rstrip(b"=").decode()


GOOD = spki(ec.generate_private_key(ec.SECP256R1()))


def off_curve() -> str:
    """Give a point that is on no curve."""
    return text_of(GOOD[:-1] + bytes([GOOD[-1] ^ 1]))


def compressed() -> str:
    """Write a good key in the short form."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    prefix = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    return text_of(prefix + point)


BAD: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "short": lambda: text_of(GOOD)[:-1],
    "long": lambda: text_of(GOOD) + "A",
    "padded": lambda: base64.urlsafe_b64encode(GOOD).decode(),
    "other alphabet": lambda: base64.b64encode(b"\xff\xff\xff" + GOOD[3:]).decode().rstrip("="),
    "not base64": lambda: "!" * 122,
    "spare bits": lambda: text_of(GOOD)[:-1] + chr(ord(text_of(GOOD)[-1]) + 1),
    "no key": lambda: text_of(bytes(91)),
    "off the curve": off_curve,
    "infinity": lambda: text_of(GOOD[:26] + bytes(65)),
    "compressed": compressed,
    "P-384": lambda: text_of(spki(ec.generate_private_key(ec.SECP384R1()))),
    "P-256K": lambda: text_of(spki(ec.generate_private_key(ec.SECP256K1()))),
    "X25519": lambda: text_of(spki(x25519.X25519PrivateKey.generate())),
    "RSA": lambda: text_of(spki(rsa.generate_private_key(65537, 2048))),
    "10 kB": lambda: "A" * 10_000,
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_bad_recipient(make: Callable[[], str]) -> None:
    """Only one kind of key is taken, in one spelling."""
    with pytest.raises(RecipientError):
        Recipient(make().encode())


@pytest.mark.parametrize("make", [off_curve, BAD["P-384"], BAD["padded"], BAD["10 kB"]])
async def test_refused(
    serve: Serve, clock: SettableClock, trail: Trail, make: Callable[[], str]
) -> None:
    """A key that cannot be sealed for is a 400 that says what is wanted; nothing is delivered."""
    recipient = make()
    async with serve(PLAIN) as client:
        headers = {"Approov-Token": token(clock, bind=recipient), "Secret-Recipient": recipient}
        answer = await client.get(PATH, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "RECIPIENT_INVALID")
    assert recipient[:20] not in answer.text
    assert [line["reason"] for line in trail()] == ["recipient_refused"]


async def test_repeated(serve: Serve, clock: SettableClock, phone: Phone) -> None:
    """Two keys are no key."""
    headers = [*asking(clock, phone).items(), ("Secret-Recipient", Phone().recipient)]
    async with serve(PLAIN) as client:
        del client.headers["Approov-Token"]
        assert (await client.get(PATH, headers=headers)).status_code == 401


@pytest.mark.parametrize("text", ["", "x", "a.b.c.d.e", "eyJhbGciOiJub25lIn0....", "..." * 1000])
def test_unseal_nonsense(phone: Phone, text: str) -> None:
    """What is no JWE is not opened."""
    with pytest.raises(ValueError, match="opened"):
        unseal(text, phone.pem)
