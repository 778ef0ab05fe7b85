"""The picture of the day on a phone: asked, held, scrolled, and what goes wrong with it."""

from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from starlette.responses import Response

from standin.faults import Fault
from tests.android.certificates import certificate_of, pin_of, secured
from tests.android.conftest import Classpath, SwitchOn
from tests.android.phone import Phone
from tests.android.service import Service, served, token
from tests.processes import free_port


def test_scroll_back(service: Service, debug_apps: Classpath, switch_on: SwitchOn) -> None:
    """The guide's app shows the latest picture and thirty days before it, without a gap."""
    with switch_on(debug_apps, service.url) as phone:
        latest = phone.do("latest")["body"]
        page, older = phone.do("gallery")["body"]
    day = date.fromisoformat(latest["date"])
    days = [(day - timedelta(n)).isoformat() for n in range(30, 0, -1)]
    assert [record["date"] for record in older + page] == days
    assert all(record["url"] for record in [latest, *page, *older])
    assert {one.status for one in service.asked} == {200}


def test_held(service: Service, phone: Phone) -> None:
    """What is fresh costs no request, and what is not costs a 304, of OkHttp's own doing."""
    url = f"{service.url}planetary/apod?date=2021-10-12"
    first, second = phone.get(url), phone.get(url)
    again = phone.get(url, **{"Cache-Control": "max-age=0"})
    assert (first["network"], first["cached"]) == (200, False)
    assert (second["network"], second["cached"]) == (None, True)
    assert (again["status"], again["network"], again["cached"]) == (200, 304, True)
    assert first["bytes"] == second["bytes"] == again["bytes"] > 0
    assert [one.status for one in service.asked] == [200, 304]


def test_picture_file(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """A picture's file comes with the client that the image loader gets, and with no other."""
    settings = {"image_proxy": "on", "public_base_url": "https://proxy.test"}
    with served(**settings) as service, switch_on(debug_app, service.url) as phone:
        link = phone.do("on", date="2021-10-12")["body"]["url"]
        file = link.replace("https://proxy.test/", service.url)
        assert phone.get(file)["status"] == 200
        assert httpx.get(file, trust_env=False).status_code == 401


def test_no_picture(service: Service, phone: Phone) -> None:
    """NASA's own words come through for a day without a picture, and for one that is none."""
    gap, future = phone.do("on", date="1995-06-17"), phone.do("on", date="2999-01-01")
    assert (gap["outcome"], gap["status"]) == ("NOTHING_THERE", 404)
    assert gap["detail"] == "No data available for date: 1995-06-17"
    assert (future["outcome"], future["status"]) == ("BAD_QUESTION", 400)
    assert future["detail"].startswith("Date must be between Jun 16, 1995 and")
    assert len(service.asked) == 2


def test_asked_again(service: Service, phone: Phone) -> None:
    """What may pass is asked for again: after half a second or Retry-After, and a chance more."""
    phone.do("carry", token=token())
    service.watched.answers = [
        Response(status_code=503),
        Response(status_code=429, headers={"Retry-After": "2"}),
    ]
    said = phone.do("on", date="2021-10-12")
    assert (said["outcome"], said["pauses"]) == ("OK", [583, 2333])
    assert [one.status for one in service.asked] == [503, 429, 200]


def test_not_for_ever(service: Service, phone: Phone) -> None:
    """After three attempts the app hears of it."""
    phone.do("carry", token=token())
    service.watched.answers = [Response(status_code=502) for _ in range(9)]
    said = phone.do("on", date="2021-10-12")
    assert (said["outcome"], said["pauses"]) == ("UNAVAILABLE", [583, 1166])
    assert len(service.asked) == 3


def test_nasa_down(service: Service, phone: Phone) -> None:
    """While NASA is down the app hears at once how long to wait, if that is long."""
    service.nasa.conditions.faults = {"legacy": Fault.OVER_LIMIT, "science": Fault.UNAVAILABLE}
    said = phone.do("on", date="2021-10-12")
    assert (said["outcome"], said["status"]) == ("UNAVAILABLE", 503)
    assert said["retry_after"] > 10
    assert len(service.asked) == 1


def test_too_many(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """A device that asks too often is told when to come back, and does not ask on."""
    with (
        served(rate_limit_device="2/hour") as service,
        switch_on(debug_app, service.url) as phone,
    ):
        said = [phone.do("on", date=f"2021-10-1{n}") for n in range(3)]
        assert [one["outcome"] for one in said] == ["OK", "OK", "TOO_MANY"]
        assert 10 < said[-1]["retry_after"] <= 3600
        assert [one.status for one in service.asked] == [200, 200, 429]


def test_held_while_nasa_is_down(service: Service, phone: Phone) -> None:
    """What the phone holds is shown while the service has nothing, however old it is."""
    url = f"{service.url}planetary/apod?date=2021-10-12"
    before = phone.get(url)
    service.watched.answers = [Response(status_code=503, headers={"Retry-After": "60"})]
    after = phone.get(url, **{"Cache-Control": "no-cache"})
    assert (after["status"], after["network"], after["bytes"]) == (200, None, before["bytes"])
    assert [one.status for one in service.asked] == [200, 503]


@pytest.mark.parametrize("trusts_all", [True, False], ids=["not pinned", "not trusted"])
def test_somebody_else_answers(
    debug_app: Classpath, switch_on: SwitchOn, tmp_path: Path, *, trusts_all: bool
) -> None:
    """Where another than the service answers, by certificate or pin, nothing held hides that."""
    ours, theirs = (generate_private_key(SECP256R1()) for _ in range(2))
    port = free_port()
    base = f"https://127.0.0.1:{port}/"
    url = f"{base}planetary/apod?date=2021-10-12"
    our_certificate, their_certificate = certificate_of(ours), certificate_of(theirs)
    trusted = [our_certificate, *([their_certificate] if trusts_all else [])]
    with switch_on(debug_app, base) as phone:
        phone.do("carry", token=token(), trusted=trusted, pin=pin_of(ours))
        with secured(ours, our_certificate, tmp_path, port):
            before = phone.get(url)
        with secured(theirs, their_certificate, tmp_path, port):
            stranger = phone.get(url, **{"Cache-Control": "no-cache"})
        nobody = phone.get(url, **{"Cache-Control": "no-cache"})
    assert (before["status"], before["network"]) == (200, 200)
    assert stranger["outcome"] == "NO_ANSWER"
    assert "SSL" in stranger["detail"]
    assert (nobody["status"], nobody["network"]) == (200, None)


def test_one_of_two_addresses(phone: Phone) -> None:
    """Where one address of the service is gone and a stranger at the other, it is no outage."""
    assert phone.do("one_of_two_addresses")["body"] is False


def test_offline(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """Without network the phone shows what it holds, and of anything else says that it has none."""
    with ExitStack() as network:
        service = network.enter_context(served())
        url = f"{service.url}planetary/apod?date=2021-10-12"
        with switch_on(debug_app, service.url) as phone:
            before = phone.get(url)
            network.close()
            after = phone.get(url, **{"Cache-Control": "no-cache"})
            other = phone.do("on", date="2021-10-13")
    assert (after["status"], after["network"], after["bytes"]) == (200, None, before["bytes"])
    assert other["outcome"] == "NO_ANSWER"
    assert "ConnectException" in other["detail"]
