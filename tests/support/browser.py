"""A real Chromium with a recorded voice as its microphone.

    wav = microphone_wav(tmp_path / "mic.wav", recording, lead_s=6.0, tail_s=10.0)
    async with chromium(wav) as browser:
        page = await browser.new_page()
        await join(page, "http://127.0.0.1:8000", name="Ada")
        ...
        await page.get_by_test_id("leave-button").click()

Chromium begins to play the file when the page opens the microphone, which on our page is the click
on the join button; the time before the words is the file's own silence (`lead_s`).
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import soundfile
from playwright.async_api import Browser, Page, async_playwright

from stack import programs

PATIENCE_MS = 60_000
"""What a step on the page may take where two cores carry a browser or two and everything else."""

QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing of Chromium's own goes to the network."""


def find_chromium() -> str | Path | None:
    """The Chromium to use: `CHROMIUM` where it is set, else the first on PATH."""
    return os.environ.get("CHROMIUM") or programs.chromium.find()


def microphone_wav(
    target: Path, *recordings: Path, lead_s: float, gap_s: float = 6.0, tail_s: float = 5.0
) -> Path:
    """Writes recordings, each followed by silence, as the mono 16-bit WAV that Chromium reads.

    All recordings need the same sample rate; a stereo one is mixed down.
    """
    rates: set[int] = set()
    voices: list[np.ndarray] = []
    for recording in recordings:
        samples, rate = soundfile.read(recording, dtype="float32", always_2d=True)
        rates.add(rate)
        voices.append(samples.mean(axis=1))
    if len(rates) != 1:
        raise ValueError(f"recordings need one sample rate, got {sorted(rates)}")
    rate = rates.pop()

    def silence(seconds: float) -> np.ndarray:
        return np.zeros(int(seconds * rate), dtype=np.float32)

    parts = [silence(lead_s)]
    for index, voice in enumerate(voices):
        parts += [voice, silence(tail_s if index == len(voices) - 1 else gap_s)]
    soundfile.write(target, np.concatenate(parts), rate, subtype="PCM_16", format="WAV")
    return target


@contextlib.asynccontextmanager
async def chromium(
    microphone: Path | None = None,
    *,
    camera: Path | None = None,
    loop: bool = False,
    allow: bool = True,
    headed: bool = False,
) -> AsyncIterator[Browser]:
    """Starts Chromium with an empty profile and stops it afterwards.

    Args:
        microphone: WAV that plays as the microphone; without one Chromium beeps every second.
        camera: Y4M or MJPEG file that plays as the camera, again and again.
        loop: Play it again and again instead of once.
        allow: Grant microphone and camera without asking; `False` refuses both.
        headed: Show the window, to look at a failing test.
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("no Chromium: install it or name it in CHROMIUM")
    # The camera shows a moving pattern; at 10 frames a second it leaves the cores to the rest.
    args = [*QUIET, "--use-fake-device-for-media-stream=fps=10"]
    args.append(
        "--use-fake-ui-for-media-stream" if allow else "--deny-permission-prompts",
    )
    if camera is not None:
        args.append(f"--use-file-for-fake-video-capture={camera}")
    if microphone is not None:
        args.append(f"--use-file-for-fake-audio-capture={microphone}{'' if loop else '%noloop'}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            headless=not headed,
            args=args,
            # Chromium's sandbox does not run as root.
            chromium_sandbox=os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            await browser.close()


async def join(
    page: Page,
    address: str,
    *,
    name: str = "Ada",
    room: str | None = None,
    assistant: bool = True,
    timeout_s: float = PATIENCE_MS / 1000,
) -> None:
    """Opens the page, joins a call from its form and waits until the call is shown."""
    await page.goto(address)
    await page.get_by_test_id("join-name").fill(name)
    if room is not None:
        await page.get_by_test_id("join-room").fill(room)
    switch = page.get_by_test_id("join-assistant")
    if (await switch.get_attribute("aria-checked") == "true") != assistant:
        await switch.click()
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for(timeout=timeout_s * 1000)


async def until(page: Page, expression: str, arg: object = None) -> None:
    """Waits until a JavaScript expression or function is true on the page.

    Playwright's own `wait_for_function` asks again by `eval`, which the page's policy forbids.
    """
    give_up = time.monotonic() + PATIENCE_MS / 1000
    while not await page.evaluate(expression, arg):
        assert time.monotonic() < give_up, f"never true: {expression}"
        await asyncio.sleep(0.1)


async def finals(page: Page, speaker: str | None = None) -> list[str]:
    """The settled lines of the transcript on the page, in order; of one speaker where named."""
    chosen = f'[data-speaker="{speaker}"]' if speaker else ""
    lines = page.locator(
        f'[data-testid="transcript-message"][data-final="true"]{chosen} '
        '[data-testid="transcript-text"]'
    )
    return [text.strip() for text in await lines.all_text_contents()]
