"""What those with an API key do from inside a call, and that nobody else can."""

import httpx
from playwright.async_api import Browser, Page, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, join

expect.set_options(timeout=PATIENCE_MS)


async def person(browser: Browser, site: Site, name: str, room: str) -> Page:
    page = await (await browser.new_context()).new_page()
    await join(page, site.url, name=name, room=room, assistant=False)
    return page


async def test_only_a_key_gives_the_rights_of_a_host(
    browser: Browser, locked: tuple[Site, str]
) -> None:
    site, key = locked
    ada = await person(browser, site, "Ada", "host")
    grace = await person(browser, site, "Grace", "host")
    await ada.get_by_test_id("tab-people").click()
    row = ada.get_by_test_id("person").filter(has_text="Grace")
    await expect(row).to_be_visible()
    await expect(ada.get_by_test_id("person-menu")).to_have_count(0)
    assert (await site.api.get("/api/rooms")).status_code == 401

    await ada.get_by_test_id("manage-call").click()
    await ada.get_by_test_id("operator-key").fill("trinity_wrong")
    await ada.get_by_test_id("operator-use-key").click()
    await expect(ada.get_by_text("not known, or was revoked")).to_be_visible()
    await ada.get_by_test_id("operator-key").fill(key)
    await ada.get_by_test_id("operator-use-key").click()

    await row.get_by_test_id("person-menu").click()
    await row.get_by_test_id("mute-person").click()
    await expect(row).to_have_attribute("data-muted", "true")
    await row.get_by_test_id("person-menu").click()
    await row.get_by_test_id("remove-person").click()
    await expect(grace.get_by_test_id("ended")).to_have_attribute("data-reason", "removed")
    await expect(row).to_have_count(0)
    # The key is in the page's memory and nowhere else.
    assert key not in await ada.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert key not in await ada.content()

    await ada.get_by_test_id("close-call").click()
    await ada.get_by_test_id("confirm-yes").click()
    await expect(ada.get_by_test_id("ended")).to_have_attribute("data-reason", "room-closed")


async def test_a_telephone_is_called_into_the_room(browser: Browser, site: Site) -> None:
    trunk = {"kind": "outbound", "name": "Provider", "address": "127.0.0.1", "numbers": ["+15550"]}
    made = await site.api.post("/api/sip/trunk", json=trunk)
    made.raise_for_status()
    try:
        ada = await person(browser, site, "Ada", "dial")
        await ada.get_by_test_id("tab-people").click()
        # Access is open here: no key is asked for.
        await ada.get_by_test_id("manage-call").click()
        await ada.get_by_test_id("call-number").click()
        await ada.get_by_test_id("dial-number").fill("+15550123")
        await ada.get_by_test_id("dial-button").click()
        await expect(ada.get_by_test_id("dial-placed")).to_have_text("Calling +15550123.")
        call = await newest_call(site.api)
        assert (call["to"], call["room"]) == ("+15550123", "dial")
        # No livekit-sip runs here: the operator is told why nobody rings.
        operator = await browser.new_page()
        await operator.goto(f"{site.url}/operator/phone")
        row = operator.get_by_test_id("phone-call").filter(has_text="+15550123")
        await expect(row).to_have_attribute("data-state", "failed")
        await expect(row).to_contain_text("not running")
    finally:
        await site.api.delete(made.headers["location"])


async def newest_call(client: httpx.AsyncClient) -> dict[str, str]:
    return dict((await client.get("/api/calls")).json()["calls"][0])


async def test_an_invitation_leads_into_the_room(browser: Browser, site: Site) -> None:
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    ada = await context.new_page()
    await join(ada, site.url, room="tea+cake", assistant=False)
    await ada.get_by_test_id("tab-people").click()
    await ada.get_by_test_id("invite-button").click()
    await expect(ada.get_by_text("on the clipboard")).to_be_visible()
    link = await ada.evaluate("navigator.clipboard.readText()")
    guest = await (await browser.new_context()).new_page()
    await guest.goto(link)
    await expect(guest.get_by_test_id("join-room")).to_have_value("tea+cake")
