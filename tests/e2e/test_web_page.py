"""A person in a browser: Chromium joins from the page with a recorded voice as its microphone."""

import math
from pathlib import Path

import pytest
import soundfile
from playwright.async_api import Page, expect

from caller import CallerSettings, load_clips, score
from stack import Stack
from tests.support.browser import chromium, finals, join, microphone_wav

pytestmark = pytest.mark.web

CLIPBOARD = ["microphone", "clipboard-read", "clipboard-write"]
LEAD_S = 12.0  # the greeting is over by then; the file begins with the click on the join button
WAIT_MS = 60_000
TURNS = 3
GAP_S = 14.0  # an answer of 40 tokens is over by then
APART_MS = 1500
"""Between the assistant's own figure of an answer and the page's, on a busy machine."""


async def settled(page: Page, speaker: str, count: int) -> list[str]:
    lines = page.locator(
        f'[data-testid="transcript-message"][data-final="true"][data-speaker="{speaker}"]'
    )
    await expect(lines.nth(count - 1)).to_be_visible(timeout=WAIT_MS)
    return await finals(page, speaker)


async def test_join_talk_read_and_leave(
    stack: Stack, caller_settings: CallerSettings, tmp_path: Path
) -> None:
    clip = (await load_clips(caller_settings))[0]
    recording = tmp_path / "voice.wav"
    soundfile.write(recording, clip.samples, clip.rate_hz)
    spoken = [recording] * TURNS
    microphone = microphone_wav(
        tmp_path / "mic.wav", *spoken, lead_s=LEAD_S, gap_s=GAP_S, tail_s=60
    )
    async with chromium(microphone) as browser:
        context = await browser.new_context(permissions=CLIPBOARD)
        page = await context.new_page()
        await join(page, stack.addresses.api_url, name="Ada")
        await page.get_by_test_id("captions-button").click()
        greeting = await settled(page, "agent", 1)
        await expect(page.get_by_test_id("captions")).to_contain_text("Trinity")
        assert "Trinity" in greeting[0]
        heard = await settled(page, "user", 1)
        assert score([(clip.reference or "", " ".join(heard))]).wer <= 0.25
        answers = await settled(page, "agent", 2)
        assert answers[1]
        await expect(page.get_by_test_id("agent-state")).to_be_visible()
        await latency_is_shown(page)
        await page_measures_an_answer(page)
        await chat_is_answered(page)
        await transcript_is_searched_and_copied(page, answers[1])
        await page.get_by_test_id("leave-button").click()
        await expect(page.get_by_test_id("ended")).to_be_visible(timeout=10_000)


async def latency_is_shown(page: Page) -> None:
    """The answer's stages from the agent's message, on one clock."""
    agent = page.locator('[data-testid="transcript-message"][data-speaker="agent"]')
    chip = agent.nth(1).get_by_test_id("latency")
    await chip.locator("summary").click()
    stages = await chip.locator("li").evaluate_all("all => all.map(one => one.dataset.stage)")
    order = ["transcript", "endOfTurn", "firstToken", "firstSound", "answered", "reached"]
    assert stages == [stage for stage in order if stage in stages]
    assert {"firstToken", "firstSound", "answered"} <= set(stages)


async def page_measures_an_answer(page: Page) -> None:
    """What the page itself heard of a spoken answer agrees with what the assistant tells of it."""
    # On a machine so busy that the page's timer is late it says nothing: one answer of several.
    chip = page.locator('[data-testid="latency"][data-heard-ms]').first
    await expect(chip).to_be_visible(timeout=WAIT_MS)
    heard_ms = float(await chip.get_attribute("data-heard-ms") or "nan")
    if await chip.get_attribute("open") is None:
        await chip.locator("summary").click()
    # JavaScript rounds a half up, Python to the even one.
    shown = f"{math.floor(heard_ms + 0.5)} ms"
    await expect(chip.locator('[data-stage="reached"]')).to_contain_text(shown)
    answered = await chip.locator('[data-stage="answered"]').inner_text()
    answered_ms = float(answered.split(" to ")[1].split(" ms")[0])
    assert abs(heard_ms - answered_ms) < APART_MS, (heard_ms, answered)


async def chat_is_answered(page: Page) -> None:
    """What is typed is shown as typed, and answered in the chat by the real assistant."""
    await page.get_by_test_id("mute-button").click()
    await page.get_by_test_id("chat-input").fill("Please name one colour.")
    await page.keyboard.press("Enter")
    typed = '[data-testid="transcript-message"][data-kind="chat"][data-speaker="user"]'
    text = '[data-testid="transcript-text"]'
    await expect(page.locator(f"{typed} {text}")).to_have_text("Please name one colour.")
    # Nobody has spoken since: what the assistant says after it answers it.
    answer = page.locator(f'{typed} ~ [data-speaker="agent"][data-final="true"] {text}')
    await expect(answer.first).not_to_be_empty(timeout=WAIT_MS)


async def transcript_is_searched_and_copied(page: Page, answer: str) -> None:
    lines = page.get_by_test_id("transcript-message")
    word = max(answer.split(), key=len).strip(".,!?\"'")
    await page.get_by_test_id("transcript-search").fill(word.upper())
    await expect(lines.filter(has_text=answer).first).to_be_visible()
    await page.get_by_test_id("transcript-search").fill("no such words were said")
    await expect(lines).to_have_count(0)
    await page.get_by_test_id("transcript-search").fill("")
    await page.get_by_test_id("copy-transcript").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert f"Trinity: {answer}" in copied and "You: " in copied
