"""What people do with each other on the page, in real Chromium against a real LiveKit server."""

import re

from playwright.async_api import Browser, Page, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, chromium, finals, join, until

expect.set_options(timeout=PATIENCE_MS)


async def two(browser: Browser, site: Site, room: str) -> tuple[Page, Page]:
    """Two people in a room, each in a profile of their own."""
    pages = []
    for name in ("Ada", "Grace"):
        context = await browser.new_context()
        page = await context.new_page()
        await join(page, site.url, name=name, room=room, assistant=False)
        pages.append(page)
    return pages[0], pages[1]


async def test_two_people_see_each_other_and_type(browser: Browser, site: Site) -> None:
    ada, grace = await two(browser, site, "see")
    await ada.get_by_test_id("camera-button").click()
    tile = grace.locator('[data-testid="tile"][data-video="true"]')
    await expect(tile).to_have_count(1)
    await until(grace, "document.querySelector('[data-testid=tile] video')?.videoWidth > 0")
    await ada.get_by_test_id("chat-input").fill("<b>hello</b> Grace")
    await ada.keyboard.press("Enter")
    line = grace.get_by_test_id("transcript-message")
    await expect(line).to_contain_text("Ada")
    await expect(line.get_by_test_id("transcript-text")).to_have_text("<b>hello</b> Grace")
    assert await finals(ada) == ["<b>hello</b> Grace"]


async def test_a_shared_screen_is_seen_and_goes_away(browser: Browser, site: Site) -> None:
    ada, grace = await two(browser, site, "screen")
    await ada.get_by_test_id("screen-button").click()
    screen = grace.locator('[data-testid="tile"][data-kind="screen"]')
    await expect(screen).to_have_attribute("data-video", "true")
    await ada.get_by_test_id("screen-button").click()
    await expect(screen).to_have_count(0)


async def test_mute_by_key_is_seen_by_the_others(browser: Browser, site: Site) -> None:
    ada, grace = await two(browser, site, "mute")
    await grace.get_by_test_id("tab-people").click()
    row = grace.get_by_test_id("person").filter(has_text="Ada")
    await expect(row).to_have_attribute("data-muted", "false")
    await ada.keyboard.press("m")
    await expect(ada.get_by_test_id("mute-button")).to_have_attribute("data-state", "muted")
    await expect(row).to_have_attribute("data-muted", "true")
    await ada.get_by_test_id("chat-input").click()
    await ada.keyboard.type("mm")
    await expect(ada.get_by_test_id("mute-button")).to_have_attribute("data-state", "muted")
    await ada.get_by_test_id("mute-button").click()
    await expect(row).to_have_attribute("data-muted", "false")


async def test_another_microphone_without_leaving(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await join(page, site.url, assistant=False)
    await page.get_by_test_id("devices-button").click()
    choice = page.get_by_test_id("device-audioinput")
    # Chromium names three microphones; the list fills when LiveKit has asked for them.
    await expect(choice.locator("option").nth(1)).to_be_attached()
    values = await choice.locator("option").evaluate_all("all => all.map(one => one.value)")
    wanted = next(value for value in values if value not in ("default", ""))
    await choice.select_option(wanted)
    await until(
        page, "id => window.trinityCall.room.getActiveDevice('audioinput') === id", arg=wanted
    )
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("mute-button")).to_have_attribute("data-state", "on")


async def test_an_operator_sends_somebody_out(browser: Browser, site: Site) -> None:
    ada, grace = await two(browser, site, "out")
    operator = await browser.new_page()
    await operator.goto(f"{site.url}/operator")
    room = operator.locator('[data-testid="open-room"][data-room="out"]')
    member = room.get_by_test_id("member").filter(has_text="Ada")
    await member.get_by_test_id("remove-member").click()
    await expect(ada.get_by_test_id("ended")).to_have_attribute("data-reason", "removed")
    await expect(member).to_have_count(0)
    await expect(grace.get_by_test_id("leave-button")).to_be_visible()


async def test_leave_and_call_again_in_a_fresh_room(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await join(page, site.url, room="first", assistant=False)
    await page.get_by_test_id("chat-input").fill("keep this")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("transcript-message")).to_have_count(1)
    await page.get_by_test_id("leave-button").click()
    ended = page.get_by_test_id("ended")
    await expect(ended).to_have_attribute("data-reason", "left")
    await expect(ended).to_contain_text("keep this")
    await page.get_by_test_id("rejoin-button").click()
    await expect(page.get_by_test_id("room-name")).not_to_have_text(re.compile("first"))
    await expect(page.get_by_test_id("transcript-message")).to_have_count(0)


async def test_a_refused_microphone_leaves_reading_and_typing(site: Site) -> None:
    async with chromium(allow=False) as browser:
        page = await browser.new_page()
        await join(page, site.url, assistant=False)
        await expect(page.get_by_test_id("device-notice")).to_contain_text("not allowed")
        await page.get_by_test_id("chat-input").fill("still here")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("transcript-text")).to_have_text("still here")
