import json
import re

from playwright.sync_api import Browser, Page, expect

from tests.console.in_browser.watched import PHONE, ask, opened

DAY = "/planetary/apod?date=2021-10-12"
SECRET = "a value that make run has made up"


def test_secrets(page: Page) -> None:
    """A sealed secret is shown as it came, and opened in the page: the value that comes plain."""
    page.get_by_role("button", name="Fetch example plain").click()
    expect(page.locator("#secret-steps .message")).to_contain_text(SECRET)
    page.get_by_role("button", name="Fetch example sealed").click()
    opened_here = page.locator("#secret-opened")
    expect(opened_here).to_contain_text(SECRET)
    assert json.loads(opened_here.inner_text())["value"] == SECRET
    jwe = page.locator("#secret-jwe").inner_text()
    assert re.fullmatch(r"[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+", jwe)
    expect(page.locator("#secret-status")).to_contain_text("came sealed and was opened")


def test_changed_seal(page: Page) -> None:
    """A JWE that was changed on its way is not opened, nor one for another key."""
    tried = page.evaluate(
        """async () => {
            const { exchange } = await import("/console/static/exchange.js");
            const { makeKeys, open } = await import("/console/static/jwe.js");
            const [keys, others] = [await makeKeys(), await makeKeys()];
            const jwe = (await exchange("genuine", "/secrets/example", keys.recipient)).body;
            const at = jwe.lastIndexOf(".") - 4;
            const changed = jwe.slice(0, at) + (jwe[at] === "A" ? "B" : "A") + jwe.slice(at + 1);
            const outcome = (one, key) =>
                open(one, key).then(() => "opened", (error) => error.message);
            return [
                await outcome(jwe, keys.privateKey),
                await outcome(changed, keys.privateKey),
                await outcome(jwe, others.privateKey),
                keys.privateKey.extractable,
            ];
        }"""
    )
    failure = "It was sealed for another key, or changed on its way."
    assert tried == ["opened", failure, failure, False]


def test_emulator(browser: Browser, url: str) -> None:
    """By the emulator's address there is no WebCrypto: the page says so, and the rest works."""
    address = url.replace("127.0.0.1", "10.0.2.2")
    with opened(browser, address, viewport=PHONE) as (page, _):
        expect(page.locator("#secret-status")).to_contain_text("Browsers decrypt only at")
        expect(page.get_by_role("button", name="Fetch example sealed")).to_be_disabled()
        ask(page, DAY)
        expect(page.locator("#answer .first b")).to_have_text("200")
