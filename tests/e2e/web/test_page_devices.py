"""Microphone, speaker and camera before the call, with a voice and a picture from files."""

from pathlib import Path

import numpy as np
import soundfile
from livekit import api, rtc
from playwright.async_api import Browser, Page, expect

from caller import CallerSettings, load_clips
from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, chromium, join, microphone_wav, until
from tests.support.control_api import KEY, SECRET
from tests.support.livekit_server import LiveKitServer

expect.set_options(timeout=PATIENCE_MS)
PREFERENCES = "JSON.parse(localStorage.getItem('trinity.preferences'))"


def camera_y4m(target: Path, *, luma: int, blue: int, red: int) -> Path:
    """One second of a plain colour, as Chromium reads it."""
    width, height = 320, 180
    frame = np.concatenate(
        [
            np.full(width * height, luma, np.uint8),
            np.full(width * height // 4, blue, np.uint8),
            np.full(width * height // 4, red, np.uint8),
        ]
    ).tobytes()
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode()
    target.write_bytes(head + (b"FRAME\n" + frame) * 10)
    return target


async def shown_colour(page: Page) -> list[int]:
    """Red, green and blue in the middle of the other's picture."""
    return list(
        await page.evaluate("""() => {
          const video = document.querySelector('[data-testid=tile][data-video=true] video');
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 1;
          const context = canvas.getContext('2d');
          const {videoWidth: w, videoHeight: h} = video;
          context.drawImage(video, w / 2, h / 2, 4, 4, 0, 0, 1, 1);
          return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }""")
    )


async def test_a_voice_and_a_picture_reach_the_other(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    clip = (await load_clips(CallerSettings()))[0]
    recording = tmp_path / "voice.wav"
    soundfile.write(recording, clip.samples, clip.rate_hz)
    voice = microphone_wav(tmp_path / "mic.wav", recording, lead_s=0.5, tail_s=0.5)
    # Red: JPEG's Y, Cb and Cr of (230, 20, 20).
    picture = camera_y4m(tmp_path / "camera.y4m", luma=83, blue=92, red=232)
    grace = await browser.new_page()
    await join(grace, site.url, name="Grace", room="files", assistant=False)
    await grace.get_by_test_id("tab-people").click()
    async with chromium(voice, camera=picture, loop=True) as other:
        ada = await other.new_page()
        await join(ada, site.url, name="Ada", room="files", assistant=False)
        await ada.get_by_test_id("camera-button").click()
        await expect(grace.locator('[data-testid="tile"][data-video="true"]')).to_have_count(1)
        await until(grace, "document.querySelector('[data-testid=tile] video')?.videoWidth > 0")
        red, green, blue = await shown_colour(grace)
        assert red > 150 and green < 90 and blue < 90, (red, green, blue)
        row = grace.get_by_test_id("person").filter(has_text="Ada")
        await expect(row).to_contain_text("speaking")


async def test_the_page_hears_plays_shows_and_remembers(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    await expect(page.get_by_text("We hear you.")).to_be_visible()
    await expect(page.get_by_role("meter")).to_be_visible()
    await page.get_by_test_id("test-tone").click()
    await expect(page.get_by_text("Did you hear two notes?")).to_be_visible()
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-assistant").click()
    await page.get_by_role("switch", name="Camera").click()
    await expect(page.get_by_label("What the others will see")).to_be_visible()
    microphones = page.get_by_role("combobox", name="Microphone", exact=True)
    await expect(microphones.locator("option").nth(1)).to_be_attached()
    await microphones.select_option(index=1)
    wanted = await microphones.input_value()

    await page.reload()
    await expect(page.get_by_test_id("join-name")).to_have_value("Ada")
    await expect(page.get_by_test_id("join-assistant")).to_have_attribute("aria-checked", "false")
    await expect(page.get_by_label("What the others will see")).to_be_visible()
    await expect(microphones).to_have_value(wanted)
    await page.get_by_test_id("join-button").click()
    # The camera that was on before the call is on in it.
    await expect(page.get_by_test_id("camera-button")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("c")
    await until(page, f"{PREFERENCES}.captions === true")


async def test_one_of_the_listed_assistants_is_sent(browser: Browser, site: Site) -> None:
    listed = (await site.api.get("/api/assistants")).json()
    names = [each["name"] for each in listed["assistants"]]
    assert len(names) > 1, "configs/agents has one assistant only"
    page = await browser.new_page()
    await page.goto(site.url)
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-room").fill("chosen")
    await page.get_by_test_id("join-assistant-which").select_option(names[1])
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("leave-button")).to_be_visible()
    (agent,) = (await site.api.get("/api/rooms/chosen/agents")).json()["agents"]
    assert agent["agent_name"] == listed["agent_name"]
    assert agent["metadata"] == f'{{"assistant":"{names[1]}"}}'


async def test_a_recording_is_announced_while_it_goes_on(
    browser: Browser, site: Site, page_livekit: LiveKitServer
) -> None:
    page = await browser.new_page()
    await join(page, site.url, room="recorded", assistant=False)
    notice = page.get_by_test_id("recording-notice")
    await expect(notice).to_have_count(0)
    grants = api.VideoGrants(room_join=True, room="recorded", hidden=True, recorder=True)
    token = api.AccessToken(KEY, SECRET).with_identity("recorder").with_grants(grants)
    recorder = rtc.Room()
    await recorder.connect(page_livekit.url, token.to_jwt())
    try:
        await expect(notice).to_be_visible()
        await expect(notice).to_have_attribute("role", "status")
    finally:
        await recorder.disconnect()
    await expect(notice).to_have_count(0)


# Chromium's devices cannot be pulled out: the track ends and the browser knows no other.
UNPLUG = """() => {
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  window.plugIn = () => { devices.getUserMedia = ask; };
  devices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
  const {track} = window.trinityCall.room.localParticipant.getTrackPublication('microphone');
  track.mediaStreamTrack.stop();
  track.mediaStreamTrack.dispatchEvent(new Event('ended'));
}"""


async def test_a_microphone_that_is_unplugged_is_named_and_comes_back(
    browser: Browser, site: Site
) -> None:
    page = await browser.new_page()
    await join(page, site.url, assistant=False)
    button = page.get_by_test_id("mute-button")
    await expect(button).to_have_attribute("data-state", "on")
    await page.evaluate(UNPLUG)
    await expect(button).to_have_attribute("data-state", "unavailable")
    await expect(page.get_by_test_id("device-notice")).to_contain_text("No microphone was found")
    await page.evaluate("window.plugIn()")
    await button.click()
    await expect(button).to_have_attribute("data-state", "on")
    await expect(page.get_by_test_id("device-notice")).to_have_count(0)


async def test_no_secret_of_the_server_reaches_the_page(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    bodies: list[bytes] = []

    async def keep(response) -> None:  # type: ignore[no-untyped-def]
        if response.status == 200 and response.url.startswith(site.url):
            bodies.append(await response.body())

    page.on("response", keep)
    await join(page, site.url, assistant=False)
    await page.get_by_test_id("leave-button").click()
    await expect(page.get_by_test_id("ended")).to_be_visible()
    assert len(bodies) > 3
    assert not [body for body in bodies if SECRET.encode() in body]
