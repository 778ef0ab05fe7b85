"""Runtime secrets on a phone: plain, sealed to memory, sealed to the Keystore."""

import time

from tests.android.conftest import Classpath, SwitchOn
from tests.android.service import HOLD_SECONDS, served, token

VALUE = "value-canary-5d1f"
SECRETS = {"runtime_secrets": {"maps-key": VALUE}}


def test_plain(debug_apps: Classpath, switch_on: SwitchOn) -> None:
    """The guide's two lines give a secret."""
    with served(**SECRETS) as service, switch_on(debug_apps, service.url) as phone:
        assert phone.do("secret", key="plain")["body"] == VALUE


def test_sealed(debug_apps: Classpath, switch_on: SwitchOn) -> None:
    """The guide's key, in a Keystore that shows it to nobody, opens a secret; it is held then."""
    with served(**SECRETS) as service, switch_on(debug_apps, service.url) as phone:
        first = phone.do("secret", key="guide", name="maps-key")
        again = phone.do("secret", key="guide", name="maps-key")
    assert first["body"] == again["body"] == VALUE
    assert [one.status for one in service.asked] == [200]
    assert len(service.asked[0].headers["secret-recipient"]) == 122


def test_sealed_with_the_layer(release_apps: Classpath, switch_on: SwitchOn) -> None:
    """Approov's service layer binds the token to the key, as the guide tells it to."""
    with served(**SECRETS) as service, switch_on(release_apps, service.url) as phone:
        assert phone.do("secret", key="guide", name="maps-key")["body"] == VALUE
        assert phone.do("latest")["outcome"] == "OK"


def test_sealed_and_bound(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """A key in memory does as well; bound to nothing it opens nothing, and is not asked again."""
    with served(**SECRETS) as service, switch_on(debug_app, service.url) as phone:
        phone.do("carry", token=token())
        refused = phone.do("secret", key="memory", name="maps-key")
    with served(**SECRETS) as other, switch_on(debug_app, other.url) as phone:
        opened = phone.do("secret", key="memory", name="maps-key")
    assert (refused["outcome"], len(service.asked)) == ("REFUSED", 1)
    assert opened["body"] == VALUE


def test_not_for_this_app(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """A secret that is not there, or not for this app, looks the same."""
    with served(**SECRETS) as service, switch_on(debug_app, service.url) as phone:
        said = phone.do("secret", key="memory", name="other")
    assert (said["outcome"], said["status"]) == ("NOTHING_THERE", 404)


def test_asked_again(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """A secret whose time is over is asked for again, and costs a 304 while it is the same."""
    with (
        served(lambda: time.time() - 2 * 86_400, **SECRETS) as service,
        switch_on(debug_app, service.url) as phone,
    ):
        said = [phone.do("secret", key="memory", name="maps-key") for _ in range(3)]
    assert [one["body"] for one in said] == [VALUE] * 3
    assert [one.status for one in service.asked] == [200, 304, 304]


def test_held_while_another_is_asked(debug_app: Classpath, switch_on: SwitchOn) -> None:
    """Who wants a secret that is held waits for nobody; who wants the same one, for one call."""
    secrets = {"maps-key": VALUE, "other-key": "another-value"}
    with (
        served(runtime_secrets=secrets) as service,
        switch_on(debug_app, service.url) as phone,
    ):
        phone.do("secret", key="memory", name="maps-key")
        with service.watched.held_back() as held_back:
            phone.do("secret_meanwhile", name="other-key")
            assert held_back.arrived.wait(HOLD_SECONDS)
            phone.do("secret_meanwhile", name="other-key")
            said = phone.do("secret", key="memory", name="maps-key")
            assert not held_back.is_over
        last = phone.do("secret_at_last")
    assert said["body"] == VALUE
    assert last["body"] == ["another-value"] * 2
    assert [one.path for one in service.asked] == ["/secrets/maps-key", "/secrets/other-key"]
