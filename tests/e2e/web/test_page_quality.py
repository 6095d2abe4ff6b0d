"""Accessibility, width and policy of every page, as Chromium sees them."""

import json
import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.web.conftest import ROOT, Site
from tests.support.browser import join

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = ((320, 640), (768, 1024), (1440, 900))


async def look(page: Page, name: str) -> None:
    """Fails for what axe reports, and for a page wider than its window.

    With `SCREENSHOTS` set, the pictures go into that folder.
    """
    violations = await page.evaluate(
        f"{AXE.read_text()}; axe.run().then(result => result.violations.map("
        "({id, impact, nodes}) => ({id, impact, nodes: nodes.map(node => node.html)})))"
    )
    assert violations == [], f"{name}: {json.dumps(violations, indent=2)}"
    overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{name} is {overflow} px too wide"
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), WIDTHS)
async def test_every_page_is_accessible_and_fits(
    browser: Browser, site: Site, width: int, height: int, scheme: str
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    await page.goto(site.url)
    await expect(page.get_by_test_id("join-name")).to_be_visible()
    await look(page, f"join-{width}-{scheme}")

    await join(page, site.url, room=f"look-{width}-{scheme}")
    await page.get_by_test_id("chat-input").fill("a line that is long enough to wrap on a phone")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("transcript-message")).to_have_count(1)
    await look(page, f"call-{width}-{scheme}")
    await page.get_by_test_id("tab-people").click()
    await look(page, f"people-{width}-{scheme}")
    await page.get_by_test_id("devices-button").click()
    await expect(page.get_by_test_id("devices-done")).to_be_visible()
    await look(page, f"devices-{width}-{scheme}")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("devices-done")).to_have_count(0)

    await page.get_by_test_id("leave-button").click()
    await expect(page.get_by_test_id("ended")).to_be_visible()
    await look(page, f"ended-{width}-{scheme}")

    await page.goto(f"{site.url}/operator")
    await expect(page.get_by_test_id("part").first).to_be_visible()
    await look(page, f"operator-{width}-{scheme}")
    assert errors == []


async def test_the_call_is_usable_by_keyboard_alone(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    await page.get_by_test_id("join-name").focus()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("leave-button")).to_be_visible(timeout=20_000)
    # The new page begins with its heading, so that Tab goes through it from the top.
    assert await page.evaluate("document.activeElement.tagName") == "H1"
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.testid") == "leave-button":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("ended")).to_be_visible()
