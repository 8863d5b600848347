"""The pages in a real browser, with and without JavaScript."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from issuing import PASSWORD, SIGHTING, Hook, account_answer, token_shown

from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
PATIENCE = 20_000
"""Milliseconds within which a page must be as expected."""

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser; what is done in one of its contexts leaves no trace in another."""
    with playwright.sync_playwright() as driver:
        # Without a sandbox, because tests may run as root in a container.
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """Open a window as wide as a phone; no page may want to run, load or log anything odd."""
    complaints: list[str] = []
    with browser.new_context(
        base_url=url, java_script_enabled=request.param, viewport={"width": 390, "height": 800}
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE)
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
    # Chromium logs every answer that is an error; the rest would be a page's own fault.
    assert [text for text in complaints if "responded with a status of 4" not in text] == []


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    appears(page.get_by_role("heading", name="Your tokens"))


def appears(locator: Locator) -> None:
    """Wait until it can be seen, and its page is loaded whole, with its styles."""
    playwright.expect(locator).to_be_visible(timeout=PATIENCE)
    locator.page.wait_for_load_state()


def fits_the_screen(page: Page) -> bool:
    """Tell whether nothing has to be scrolled sideways to."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_token_from_beginning_to_end(
    page: Page, url: str, issuer: Issuer, ada: NewAccount
) -> None:
    sign_in(page)
    default = page.get_by_role("listitem").filter(has_text=ada.token.name)
    playwright.expect(default).to_have_count(1, timeout=PATIENCE)

    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Create token").click()
    shown = page.locator("code.secret")
    appears(shown)
    secret = Secret(token_shown(page.content()))
    assert shown.inner_text() == secret.reveal()
    assert secret.reveal() not in page.url
    assert account_answer(url, secret).json()["username"] == "ada"

    page.reload()  # which sends the form again
    assert secret.reveal() not in page.content()
    appears(page.get_by_role("status").get_by_text("created already"))
    assert len(issuer.tokens("ada")) == 2
    page.goto("/tokens")
    assert secret.reveal() not in page.content()

    laptop = page.get_by_role("listitem").filter(has_text="laptop")
    laptop.locator("summary").click()
    laptop.get_by_label("New name").fill("desktop")
    laptop.get_by_role("button", name="Rename").click()
    desktop = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="desktop"))
    appears(desktop.get_by_text("Active"))
    assert fits_the_screen(page)

    desktop.get_by_role("link", name="Disable").click()
    page.get_by_role("link", name="Keep it").click()
    assert account_answer(url, secret).status_code == 200
    desktop.get_by_role("link", name="Disable").click()
    page.get_by_role("button", name="Disable it for good").click()
    appears(page.get_by_role("status").get_by_text("The token “desktop” is disabled."))
    assert account_answer(url, secret).status_code == 401
    appears(desktop.get_by_text("by you"))

    page.get_by_role("button", name="Sign out").click()
    appears(page.get_by_role("heading", name="Sign in"))
    page.go_back()
    appears(page.get_by_role("heading", name="Sign in"))


@pytest.mark.usefixtures("ada")
def test_another_password(page: Page, issuer: Issuer) -> None:
    new = "a new password"
    sign_in(page)
    page.get_by_role("link", name="Change password").click()
    appears(page.get_by_role("heading", name="Change your password"))
    assert fits_the_screen(page)
    current = page.get_by_label("Current password")
    playwright.expect(current).to_be_focused(timeout=PATIENCE)
    playwright.expect(current).to_have_attribute("autocomplete", "current-password")
    fresh = page.get_by_label("New password")
    playwright.expect(fresh).to_have_attribute("autocomplete", "new-password")

    current.fill("wrong")
    fresh.fill(new)
    page.get_by_role("button", name="Change password").click()
    appears(page.get_by_role("alert").get_by_text("This is not your current password."))
    playwright.expect(current).to_have_attribute("aria-invalid", "true")
    assert current.input_value() == fresh.input_value() == ""
    playwright.expect(current).to_be_focused(timeout=PATIENCE)

    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    appears(page.get_by_role("alert").get_by_text("the same as the old one"))
    playwright.expect(fresh).to_have_attribute("aria-invalid", "true")
    playwright.expect(current).to_be_focused(timeout=PATIENCE)
    assert fits_the_screen(page)

    current.fill(PASSWORD)
    fresh.fill(new)
    page.get_by_role("button", name="Change password").click()
    appears(page.get_by_role("status").get_by_text("Your password is changed."))
    page.reload()
    appears(page.get_by_role("heading", name="Your tokens"))
    assert issuer.sign_in("ada", PASSWORD) is None
    assert issuer.sign_in("ada", new)


@pytest.mark.usefixtures("ada")
def test_going_back_shows_no_token_again(page: Page) -> None:
    sign_in(page)
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("link", name="I have copied it").click()
    appears(page.get_by_role("heading", name="Your tokens"))
    page.go_back()
    assert re.findall("r8_[0-9A-Za-z]{37}", page.content()) == []


def test_a_wrong_name_keeps_what_was_typed(page: Page, ada: NewAccount) -> None:
    sign_in(page)
    page.get_by_label("Name", exact=True).fill(ada.token.name)
    page.get_by_role("button", name="Create token").click()
    field = page.get_by_label("Name", exact=True)
    playwright.expect(field).to_have_attribute("aria-invalid", "true", timeout=PATIENCE)
    assert field.input_value() == "Default"
    described = field.get_attribute("aria-describedby")
    assert "already a token Default" in page.locator(f"#{described}").inner_text()


def test_a_leaked_token_tells_why_and_where(
    page: Page, url: str, issuer: Issuer, ada: NewAccount
) -> None:
    evil = SIGHTING | {
        "repository": "<script>alert(1)</script>",
        "path": "<img src=x onerror=alert(1)>" + "long" * 100,
        "url": "javascript:alert(1)",
    }
    Hook(url, issuer.webhook_secret).disable(
        ada.token.secret, sightings=[SIGHTING, evil], sighting_count=5
    )
    sign_in(page)
    page.get_by_role("link", name="See where, and what to do").click()
    leak = page.locator(".leak")
    appears(leak.get_by_text("Disabled automatically on"))
    appears(leak.get_by_text("It was found in a public repository."))
    appears(leak.get_by_text("src/.env:3"))
    appears(leak.get_by_text("<script>alert(1)</script>"))
    appears(leak.get_by_text("And 3 more places."))
    links = leak.get_by_role("link").all()
    addresses = [link.get_attribute("href") for link in links]
    assert addresses == [SIGHTING["url"], "#create"]
    appears(leak.get_by_role("heading", name="What to do next"))
    assert fits_the_screen(page)


def test_everything_can_be_reached_with_the_keyboard(page: Page, ada: NewAccount) -> None:
    page.goto("/sign-in")
    field = page.get_by_label("User name")
    playwright.expect(field).to_be_focused(timeout=PATIENCE)
    page.keyboard.type(ada.account.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    appears(page.get_by_role("heading", name="Your tokens"))
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    playwright.expect(focused).to_have_text("Skip to the content", timeout=PATIENCE)
    playwright.expect(focused).to_have_css("outline-style", "solid", timeout=PATIENCE)
