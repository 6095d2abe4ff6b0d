"""Accessibility, width and policy of every page, as Chromium sees them."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.web.conftest import ROOT, Site
from tests.e2e.web.test_page_assistant import LATENCY
from tests.e2e.web.test_page_operator import keep_conversation
from tests.support.browser import PATIENCE_MS, join
from tests.support.livekit_server import LiveKitServer
from tests.support.played_assistant import PlayedAssistant

expect.set_options(timeout=PATIENCE_MS)

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Contrast does not depend on the width: the dark pages are looked at on two of them.
VIEWS = (
    (320, 640, "light"),
    (320, 640, "dark"),
    (768, 1024, "light"),
    (1440, 900, "light"),
    (1440, 900, "dark"),
)
# What has to be there before a page is looked at.
OPERATOR = {"": "part", "phone": "dial-number", "lines": "rule", "conversations": "conversation"}
TURNS = ("Could you put me through to the workshop, please?", "Of course, one moment.")


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
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture
async def furnished(site: Site, page_redis: str) -> AsyncIterator[Site]:
    """A site with a line, a rule and a conversation, some with long names."""
    await keep_conversation(
        page_redis, "a-room-with-a-name-that-is-as-long-as-names-get-here", *TURNS
    )
    trunk = {"kind": "outbound", "name": "Provider", "address": "sip.example.org"}
    made = [
        await site.api.post("/api/sip/trunk", json={**trunk, "numbers": ["+15550100"]}),
        await site.api.post("/api/sip/dispatch", json={"name": "Everybody to the assistant"}),
    ]
    yield site
    for each in made:
        await site.api.delete(each.raise_for_status().headers["location"])


# Fourteen pages are looked at one after the other.
@pytest.mark.timeout(480, func_only=True)
@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
async def test_every_page_is_accessible_and_fits(
    browser: Browser,
    furnished: Site,
    locked: tuple[Site, str],
    page_livekit: LiveKitServer,
    width: int,
    height: int,
    scheme: str,
) -> None:
    site = furnished
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

    await page.route("**/api/token", lambda route: route.abort())
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("join-failure")).to_be_visible()
    await look(page, f"join-failed-{width}-{scheme}")
    await page.unroute_all()

    room = f"look-{width}-{scheme}"
    await join(page, site.url, room=room)
    async with PlayedAssistant.joined(page_livekit.url, room) as assistant:
        await assistant.be("speaking")
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "speaking")
        await assistant.tell("user", "t1", TURNS[0])
        await assistant.tell("agent", "a1", TURNS[1], latency=LATENCY)
        await page.get_by_test_id("latency").locator("summary").click()
        await assistant.tell("user", "t2", "And if nobody is", final=False)
        await page.get_by_test_id("captions-button").click()
        await expect(page.get_by_test_id("captions")).to_contain_text("And if nobody is")
        await look(page, f"call-{width}-{scheme}")
        await page.get_by_test_id("captions-button").click()
        await page.get_by_test_id("camera-button").click()
        await expect(page.locator('[data-testid="tile"][data-video="true"]')).to_have_count(1)
        await page.get_by_test_id("chat-input").fill("a line that is long enough to wrap")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("transcript-message")).to_have_count(4)
        await look(page, f"video-{width}-{scheme}")
        await page.get_by_test_id("tab-people").click()
        await look(page, f"people-{width}-{scheme}")
        await page.get_by_test_id("devices-button").click()
        await expect(page.get_by_test_id("devices-done")).to_be_visible()
        await look(page, f"devices-{width}-{scheme}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("devices-done")).to_have_count(0)
    await expect(page.get_by_test_id("agent-notice")).to_be_visible()
    await look(page, f"gone-{width}-{scheme}")

    await page.get_by_test_id("leave-button").click()
    await expect(page.get_by_test_id("ended")).to_be_visible()
    await look(page, f"ended-{width}-{scheme}")

    for name, shown in OPERATOR.items():
        await page.goto(f"{site.url}/operator/{name}".rstrip("/"))
        await expect(page.get_by_test_id(shown).first).to_be_visible()
        await look(page, f"operator-{name or 'now'}-{width}-{scheme}")
    await page.get_by_test_id("conversation").first.click()
    await expect(page.get_by_test_id("transcript-text").first).to_be_visible()
    await look(page, f"operator-reading-{width}-{scheme}")
    await page.goto(f"{site.url}/operator/lines")
    await page.get_by_test_id("add-trunk").click()
    await expect(page.get_by_test_id("trunk-save")).to_be_visible()
    await look(page, f"operator-line-{width}-{scheme}")
    await page.goto(f"{locked[0].url}/operator")
    await expect(page.get_by_test_id("operator-key")).to_be_visible()
    await look(page, f"operator-key-{width}-{scheme}")
    assert errors == []


async def test_the_call_is_usable_by_keyboard_alone(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    await page.get_by_test_id("join-name").focus()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("leave-button")).to_be_visible()
    # The new page begins with its heading, so that Tab goes through it from the top.
    assert await page.evaluate("document.activeElement.tagName") == "H1"
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.testid") == "leave-button":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("ended")).to_be_visible()
