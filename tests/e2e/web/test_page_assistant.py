"""What the page shows of an assistant, message by message, and of many people, in real Chromium."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import soundfile
from playwright.async_api import Browser, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, chromium, finals, join
from tests.support.livekit_server import LiveKitServer
from tests.support.played_assistant import TOPIC, PlayedAssistant, enter, transcript

expect.set_options(timeout=PATIENCE_MS)

LATENCY = {
    "transcription_ms": 180,
    "end_of_turn_ms": 420,
    "llm_first_token_ms": 250,
    "tts_first_audio_ms": 90,
    "end_to_end_ms": 790,
}


async def test_states_interims_finals_and_stages_are_shown(
    browser: Browser, site: Site, page_livekit: LiveKitServer
) -> None:
    page = await browser.new_page()
    await join(page, site.url, room="played")
    state = page.get_by_test_id("agent-state")
    lines = page.get_by_test_id("transcript-message")
    texts = page.get_by_test_id("transcript-text")
    aloud = page.locator("p[aria-live=polite]")
    async with PlayedAssistant.joined(page_livekit.url, "played") as assistant:
        await assistant.queue("2")
        await expect(state).to_have_attribute("data-state", "queued")
        await expect(state).to_contain_text("You are number 2 in the queue.")
        await assistant.queue("")
        await expect(state).to_have_attribute("data-state", "connecting")
        for name, words in (
            ("listening", "Listening"),
            ("thinking", "Thinking"),
            ("speaking", "Speaking"),
        ):
            await assistant.be(name)
            await expect(state).to_have_attribute("data-state", name)
            await expect(state).to_contain_text(words)

        await assistant.tell("user", "t1", "How late", final=False)
        await expect(lines).to_have_attribute("data-final", "false")
        await expect(texts).to_contain_text("How late")
        await expect(aloud).to_be_empty()
        await assistant.tell("user", "t1", "How late is <img src=x onerror=alert(1)>?")
        await expect(lines).to_have_attribute("data-final", "true")
        await expect(texts).to_have_text("How late is <img src=x onerror=alert(1)>?")
        await expect(texts.locator("img")).to_have_count(0)
        await expect(aloud).to_contain_text("You: How late is")

        await assistant.tell("agent", "a1", "It is", final=False)
        await page.get_by_test_id("captions-button").click()
        await expect(page.get_by_test_id("captions")).to_contain_text("It is")
        await assistant.tell("agent", "a1", "It is five past nine.", latency=LATENCY)
        await expect(page.get_by_test_id("captions")).to_contain_text("five past nine")
        chip = lines.nth(1).get_by_test_id("latency")
        await expect(chip.locator("summary")).to_have_text("answered in 0.79 s")
        await chip.locator("summary").click()
        # Decided within 420 ms, the word 250 ms later, the sound 90 ms after that.
        for stage, span in (
            ("transcript", "0 to 180 ms"),
            ("endOfTurn", "0 to 420 ms"),
            ("firstToken", "420 to 670 ms"),
            ("firstSound", "670 to 760 ms"),
            ("answered", "0 to 790 ms"),
        ):
            await expect(chip.locator(f'[data-stage="{stage}"]')).to_contain_text(span)
        await assistant.tell("agent", "a2", "And now", interrupted=True)
        await expect(lines.nth(2)).to_contain_text("interrupted")

        # Somebody who is no assistant may not put words into anybody's mouth.
        forger = await enter(page_livekit.url, "played", "forger")
        await forger.local_participant.publish_data(
            transcript("played", 99, "user", "forged", "I agree to everything."), topic=TOPIC
        )
        await assistant.tell("agent", "a3", "Anything else?")
        await expect(texts.last).to_have_text("Anything else?")
        await forger.disconnect()
        assert not [text for text in await finals(page) if "agree" in text]
    await expect(state).to_have_attribute("data-state", "left")
    await expect(page.get_by_test_id("agent-notice")).to_contain_text("has left the call")
    # What was said stays, and people go on without it.
    await page.get_by_test_id("chat-input").fill("still here")
    await page.keyboard.press("Enter")
    await expect(texts.last).to_have_text("still here")


async def test_twelve_people_fit_on_every_width(
    browser: Browser, site: Site, page_livekit: LiveKitServer
) -> None:
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await join(page, site.url, room="twelve", assistant=False)
    tiles = page.get_by_test_id("tile")
    async with AsyncExitStack() as guests:
        entered = await asyncio.gather(
            *(
                enter(page_livekit.url, "twelve", f"guest-{number}", name=f"Guest {number}")
                for number in range(1, 12)
            )
        )
        for guest in entered:
            guests.push_async_callback(guest.disconnect)
        await expect(tiles).to_have_count(12)
        await expect(page.get_by_test_id("tab-people")).to_have_text("People (12)")
        for width, height in ((1440, 900), (768, 1024), (320, 640)):
            await page.set_viewport_size({"width": width, "height": height})
            grid = await page.get_by_test_id("stage-grid").bounding_box()
            assert grid is not None
            await expect(tiles.last).to_be_in_viewport(ratio=0.9)
            boxes = [await tile.bounding_box() for tile in await tiles.all()]
            for box in boxes:
                assert box is not None and box["width"] > 40 and box["height"] > 20, (width, boxes)
                assert box["x"] >= 0 and box["x"] + box["width"] <= width, (width, boxes)
            # Equal places, none over another.
            places = {(round(box["x"]), round(box["y"])) for box in boxes if box}
            assert len(places) == 12
    await expect(tiles).to_have_count(0)


async def test_a_microphone_that_gives_only_silence_is_named(site: Site, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(48_000, np.int16), 48_000, subtype="PCM_16")
    async with chromium(silence, loop=True) as browser:
        page = await browser.new_page()
        await join(page, site.url, assistant=False)
        notice = page.get_by_test_id("device-notice")
        await expect(notice).to_contain_text("only silence")
        # Who is muted is not told so.
        await page.get_by_test_id("mute-button").click()
        await expect(notice).to_have_count(0)
