"""What the page says and does when something fails, in real Chromium."""

import datetime

import pytest
from livekit import api
from playwright.async_api import Browser, Page, Route, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, join
from tests.support.control_api import KEY, SECRET

expect.set_options(timeout=PATIENCE_MS)


async def press_join(page: Page, site: Site) -> None:
    await page.goto(site.url)
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()


async def test_an_expired_token_is_named(browser: Browser, site: Site) -> None:
    async def expired(route: Route) -> None:
        reply = await (await route.fetch()).json()
        grants = api.VideoGrants(room_join=True, room=reply["room_name"])
        token = api.AccessToken(KEY, SECRET).with_identity("late").with_grants(grants)
        token = token.with_ttl(datetime.timedelta(minutes=-10))
        await route.fulfill(status=201, json={**reply, "participant_token": token.to_jwt()})

    page = await browser.new_page()
    await page.route("**/api/token", expired)
    await press_join(page, site)
    await expect(page.get_by_test_id("join-failure")).to_contain_text("invitation has expired")
    await page.unroute_all()
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("leave-button")).to_be_visible()


async def test_an_api_that_is_away_is_named(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.route("**/api/token", lambda route: route.abort())
    await press_join(page, site)
    await expect(page.get_by_test_id("join-failure")).to_contain_text("does not answer")
    await expect(page.get_by_test_id("join-button")).to_be_enabled()


async def test_a_media_server_that_is_away_is_named(browser: Browser, site: Site) -> None:
    async def elsewhere(route: Route) -> None:
        reply = await (await route.fetch()).json()
        await route.fulfill(status=201, json={**reply, "server_url": "ws://127.0.0.1:9"})

    page = await browser.new_page()
    await page.route("**/api/token", elsewhere)
    await press_join(page, site)
    await expect(page.get_by_test_id("join-failure")).to_contain_text("cannot be reached")


async def test_an_assistant_that_does_not_come_is_named(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await join(page, site.url)
    state = page.get_by_test_id("agent-state")
    await expect(state).to_have_attribute("data-state", "connecting")
    await expect(state).to_have_attribute("data-state", "missing")
    await expect(page.get_by_test_id("agent-notice")).to_contain_text("20 seconds")


@pytest.mark.parametrize(
    "scenario", ["signal-reconnect", "resume-reconnect", "full-reconnect", "node-failure"]
)
async def test_a_dropped_connection_comes_back(browser: Browser, site: Site, scenario: str) -> None:
    page = await browser.new_page()
    await join(page, site.url, assistant=False)
    await page.get_by_test_id("chat-input").fill("before")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("transcript-text")).to_have_text("before")
    banner = page.get_by_test_id("connection-banner")
    await page.evaluate("scenario => window.trinityCall.simulate(scenario)", scenario)
    await expect(banner).to_be_visible()
    await expect(banner).to_contain_text("Connected again")
    await expect(banner).to_have_count(0)
    await expect(page.get_by_test_id("transcript-text")).to_have_text("before")
    await page.get_by_test_id("chat-input").fill("after")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("transcript-text").last).to_have_text("after")


async def test_a_server_that_leaves_ends_the_call_with_its_reason(
    browser: Browser, site: Site
) -> None:
    page = await browser.new_page()
    await join(page, site.url, assistant=False)
    await page.evaluate("window.trinityCall.simulate('server-leave')")
    await expect(page.get_by_test_id("ended")).to_have_attribute("data-reason", "server-shutdown")


async def test_a_room_that_is_closed_ends_the_call(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await join(page, site.url, room="closing", assistant=False)
    assert (await site.api.delete("/api/rooms/closing")).status_code == 204
    await expect(page.get_by_test_id("ended")).to_have_attribute("data-reason", "room-closed")
