"""A person in a browser: Chromium joins from the page with a recorded voice as its microphone."""

from pathlib import Path

import pytest
import soundfile
from playwright.async_api import Page, expect

from caller import CallerSettings, load_clips, score
from stack import Stack
from tests.support.browser import chromium, finals, join, microphone_wav

pytestmark = pytest.mark.web

LEAD_S = 12.0  # the greeting is over by then; the file begins with the click on the join button
WAIT_MS = 60_000


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
    microphone = microphone_wav(tmp_path / "mic.wav", recording, lead_s=LEAD_S, tail_s=60)
    async with chromium(microphone) as browser:
        page = await browser.new_page()
        await join(page, stack.addresses.api_url, name="Ada")
        greeting = await settled(page, "agent", 1)
        assert "Trinity" in greeting[0]
        heard = await settled(page, "user", 1)
        assert score([(clip.reference or "", " ".join(heard))]).wer <= 0.25
        answers = await settled(page, "agent", 2)
        assert answers[1]
        await expect(page.get_by_test_id("agent-state")).to_be_visible()
        await page.get_by_test_id("leave-button").click()
        await expect(page.get_by_test_id("ended")).to_be_visible(timeout=10_000)
