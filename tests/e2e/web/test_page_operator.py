"""The operation pages in real Chromium, against the real API, LiveKit and Redis."""

import asyncio
import json
import re
import time

import redis.asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, join

expect.set_options(timeout=PATIENCE_MS)


async def keep_conversation(redis_url: str, room: str, *texts: str) -> None:
    """Writes a conversation as the agent does."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        for sequence, text in enumerate(texts):
            message = {
                "type": "transcript",
                "speaker": "user" if sequence % 2 == 0 else "agent",
                "text": text,
                "timestamp": f"2026-01-01T10:00:{sequence:02}.000Z",
                "room": room,
                "participant": "ada-1",
                "turn_id": f"t{sequence}",
                "sequence": sequence,
                "final": True,
            }
            stream = f"trinity:transcript:{room}"
            await client.xadd(stream, {"message": json.dumps(message)})
        await client.zadd("trinity:transcripts", {room: time.time()})


async def open_operator(browser: Browser, site: Site, path: str = "") -> Page:
    page = await browser.new_page()
    await page.goto(f"{site.url}/operator{path}")
    return page


async def test_a_call_is_joined_and_ended_from_the_list(browser: Browser, site: Site) -> None:
    ada = await browser.new_page()
    await join(ada, site.url, room="listed", assistant=False)
    page = await open_operator(browser, site)
    room = page.locator('[data-testid="open-room"][data-room="listed"]')
    await expect(room.get_by_test_id("member")).to_contain_text("Ada")
    await room.get_by_role("link", name="Join").click()
    await expect(page.get_by_test_id("join-room")).to_have_value("listed")
    await page.go_back()
    await room.get_by_test_id("close-room").click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(ada.get_by_test_id("ended")).to_have_attribute("data-reason", "room-closed")
    await expect(room).to_have_count(0)


async def test_lines_and_rules_are_made_and_deleted(browser: Browser, site: Site) -> None:
    page = await open_operator(browser, site, "/lines")
    await page.get_by_test_id("add-trunk").click()
    await page.get_by_test_id("trunk-name").fill("Desk phone")
    await page.get_by_test_id("trunk-numbers").fill("+15550177")
    await page.get_by_test_id("trunk-save").click()
    # A line that anybody could call is refused, and said at its field.
    addresses = page.get_by_test_id("trunk-addresses")
    await expect(addresses).to_have_attribute("aria-invalid", "true")
    await addresses.fill("192.0.2.7")
    await page.get_by_test_id("trunk-save").click()
    trunk = page.get_by_test_id("trunk").filter(has_text="Desk phone")
    await expect(trunk).to_contain_text("192.0.2.7")

    await page.get_by_test_id("add-rule").click()
    await page.get_by_test_id("rule-name").fill("To the assistant")
    await page.get_by_test_id("rule-save").click()
    rule = page.get_by_test_id("rule").filter(has_text="To the assistant")
    await expect(rule).to_contain_text("trinity answers")

    for row, name in ((rule, "rule"), (trunk, "trunk")):
        await row.get_by_test_id(f"{name}-remove").click()
        await page.get_by_test_id("confirm-yes").click()
        await expect(row).to_have_count(0)
    assert (await site.api.get("/api/sip/trunk")).json()["trunks"] == []


async def test_a_conversation_is_found_saved_and_deleted(
    browser: Browser, site: Site, page_redis: str
) -> None:
    words = ("How late is the <b>night train</b>?", "It leaves at eleven.")
    await keep_conversation(page_redis, "rail", *words)
    await keep_conversation(page_redis, "other", "Nothing of the kind.")
    page = await open_operator(browser, site, "/conversations")
    rows = page.get_by_test_id("conversation")
    await expect(rows.filter(has_text="other")).to_be_visible()
    await page.get_by_test_id("conversations-search").fill("night train")
    await page.keyboard.press("Enter")
    await expect(rows.filter(has_text="other")).to_have_count(0)
    await rows.filter(has_text="rail").click()
    texts = page.get_by_test_id("transcript-text")
    await expect(texts).to_have_text(list(words))
    await page.get_by_test_id("transcript-search").fill("ELEVEN")
    await expect(texts).to_have_text([words[1]])
    await page.get_by_test_id("transcript-search").fill("")

    saved = {kind: await save(page, kind) for kind in ("text", "json", "subtitles")}
    assert re.search(r"\] Caller: How late is the <b>night", saved["text"])
    assert [turn["text"] for turn in json.loads(saved["json"])["turns"]] == list(words)
    assert saved["subtitles"].startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Caller>")

    await page.get_by_test_id("conversation-delete").click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(rows.filter(has_text="rail")).to_have_count(0)
    assert (await site.api.get("/api/transcripts/rail")).status_code == 404


async def save(page: Page, kind: str) -> str:
    await page.get_by_test_id("save-transcript").locator("summary").click()
    async with page.expect_download() as waiting:
        await page.get_by_test_id(f"save-{kind}").click()
    path = await (await waiting.value).path()
    return await asyncio.to_thread(path.read_text)
