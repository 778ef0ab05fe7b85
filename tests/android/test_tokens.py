"""Tokens on a phone: which requests carry one, what is bound to what, and what a refusal does."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from starlette.applications import Starlette
from starlette.responses import RedirectResponse

from astropiks.mint import Invalid
from astropiks.server import serving
from tests.android.certificates import certificate_of, pin_of
from tests.android.conftest import Classpath, SwitchOn
from tests.android.phone import Phone
from tests.android.service import Service, Watched, served, token

NOBODY = ""
"""What Approov's layer sends for a token where it could not get one."""


@pytest.mark.parametrize(
    "carried",
    [
        pytest.param(token(invalid=Invalid.SIGNATURE), id="tampered"),
        pytest.param(token(invalid=Invalid.EXPIRED), id="expired"),
        pytest.param(NOBODY, id="none"),
    ],
)
def test_refused(service: Service, phone: Phone, carried: str) -> None:
    """A refusal is told apart from trouble with the network, and is never asked about again."""
    phone.do("carry", token=carried)
    said = phone.do("latest")
    assert (said["outcome"], said["status"]) == ("REFUSED", 401)
    assert said["pauses"] == []
    assert [one.status for one in service.asked] == [401]


def test_refused_after_all(service: Service, phone: Phone) -> None:
    """Who is refused is not shown what is held from better times."""
    url = f"{service.url}planetary/apod?date=2021-10-12"
    phone.do("carry", token=token())
    assert phone.get(url)["status"] == 200
    phone.do("carry", token=token(invalid=Invalid.SIGNATURE))
    assert phone.get(url, **{"Cache-Control": "no-cache"})["status"] == 401


def test_secret_of_another_laptop(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """Where the service has another secret, a debug build is refused."""
    with (
        served(approov_base64_secret=base64.b64encode(bytes(64)).decode()) as service,
        switch_on(debug_app, service.url) as phone,
    ):
        assert phone.do("latest")["outcome"] == "REFUSED"


OF_THE_SERVICE = (
    *("Secret-Recipient", "X-Device-Id", "Signature", "Signature-Input", "Content-Digest"),
)


def test_other_hosts(service: Service, phone: Phone) -> None:
    """No other host sees a token, nor what proves or binds it: by a redirect, on another port."""
    elsewhere = Watched(Starlette())
    headers = dict.fromkeys(OF_THE_SERVICE, "something")
    phone.do("carry", token=token())
    with serving(elsewhere) as other:
        phone.get(f"{other}/asked")
        service.watched.answers = [RedirectResponse(f"{other}/redirected")]
        phone.get(f"{service.url}planetary/apod", **headers)
    assert [one.path for one in elsewhere.asked] == ["/asked", "/redirected"]
    sent = {"approov-token", *(name.lower() for name in OF_THE_SERVICE)}
    assert sent <= {*service.asked[0].headers}
    assert not any(sent & {*one.headers} for one in elsewhere.asked)


def test_release(service: Service, release_apps: Classpath, switch_on: SwitchOn) -> None:
    """The release build of the guide gets its pictures through Approov's service layer."""
    with switch_on(release_apps, service.url) as phone:
        assert phone.do("latest")["outcome"] == "OK"
        held = phone.do("on", date="2021-10-12")
        phone.do("approov", status="NO_NETWORK")
        url = f"{service.url}planetary/apod?date=2021-10-12"
        after = phone.get(url, **{"Cache-Control": "no-cache"})
        other = phone.do("on", date="2021-10-13")
    assert held["outcome"] == "OK"
    assert (after["status"], after["network"]) == (200, None)
    assert other["outcome"] == "NO_ANSWER"
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("status", "shown"),
    [("POOR_NETWORK", True), ("MITM_DETECTED", False), ("REJECTED", False), ("DISABLED", False)],
)
def test_no_token(
    service: Service, release_apps: Classpath, switch_on: SwitchOn, status: str, *, shown: bool
) -> None:
    """What is held is shown where Approov has no network, and not where it will give no token."""
    with switch_on(release_apps, service.url) as phone:
        assert phone.do("on", date="2021-10-12")["outcome"] == "OK"
        phone.do("approov", status=status)
        url = f"{service.url}planetary/apod?date=2021-10-12"
        said = phone.get(url, **{"Cache-Control": "no-cache"})
    assert said["outcome"] == ("OK" if shown else "NO_ANSWER")
    assert len(service.asked) == 1


@pytest.mark.parametrize("layer", [False, True])
@pytest.mark.parametrize("names", ["Authorization", "Authorization,X-Device-Id"])
def test_bound(debug_app: Classpath, switch_on: SwitchOn, names: str, *, layer: bool) -> None:
    """A token is bound to the headers that the service wants, with Approov's layer and without."""
    headers = {"Authorization": "Bearer the-users-token", "X-Device-Id": "7"}
    sent = {name: headers[name] for name in names.split(",")}
    with (
        served(approov_binding_headers=names) as service,
        switch_on(debug_app, service.url) as phone,
    ):
        url = f"{service.url}planetary/apod"
        assert phone.get(url, **sent)["status"] == 401
        phone.do("bind", headers=names, layer=layer)
        assert phone.get(url, **sent)["status"] == 200


def test_pins(phone: Phone) -> None:
    """The guide's pinning takes a certificate whose key is pinned, and no other."""
    key, other = (generate_private_key(SECP256R1()) for _ in range(2))
    certificate = certificate_of(key)
    given = {"certificate": certificate, "backup": pin_of(other)}
    taken = phone.do("pin", pin=pin_of(key), **given)
    assert taken["outcome"] == "OK", taken
    said = phone.do("pin", pin=pin_of(generate_private_key(SECP256R1())), **given)
    assert said["outcome"] == "NO_ANSWER"
    assert "SSLPeerUnverifiedException" in said["detail"]
