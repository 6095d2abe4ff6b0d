"""What is heard in the call queue: music between the messages."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from livekit import rtc
from pydantic import ValidationError

from agent.queue import music
from agent.queue.voice import QueueVoice
from agent.settings import HOLD_MUSIC, Settings

RATE_HZ = 24_000


async def frames_of(name: str, seconds: float) -> list[np.ndarray[Any, np.dtype[np.int16]]]:
    found, left = [], int(seconds * RATE_HZ)
    async with aclosing(music.play(name, RATE_HZ)) as frames:
        async for frame in frames:
            assert (frame.sample_rate, frame.num_channels) == (RATE_HZ, 1)
            found.append(np.frombuffer(frame.data, np.int16))
            left -= len(found[-1])
            if left <= 0:
                break
    return found


async def test_a_file_is_played_over_and_over_and_quieter(tmp_path: Path) -> None:
    tone = np.sin(np.arange(RATE_HZ // 2) / 10).astype(np.float32)
    soundfile.write(tmp_path / "tone.ogg", tone, RATE_HZ)
    heard = np.concatenate(await frames_of(str(tmp_path / "tone.ogg"), 2))
    assert abs(np.abs(heard).max() / 32767 - music.GAIN) < 0.05
    for begin in (0, 0.5, 1, 1.5):
        at = int((begin + 0.1) * RATE_HZ)
        assert np.abs(heard[at : at + RATE_HZ // 4]).max() > 5000


async def test_the_music_that_comes_along_can_be_played() -> None:
    heard = np.concatenate(await frames_of(HOLD_MUSIC, 3))
    assert np.abs(heard).max() > 1000


@pytest.mark.parametrize("content", [b"", b"this is no sound"])
async def test_what_is_no_music_leaves_the_wait_silent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ogg").write_bytes(content)
    assert await asyncio.wait_for(frames_of(str(tmp_path / "broken.ogg"), 1), 5) == []


def test_a_file_that_is_not_there_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="queue_music"):
        Settings(queue_music=str(tmp_path / "nothing.ogg"))
    assert Settings(queue_music="none").queue_music == ""


class Line:
    """A room that takes a track and gives it away again."""

    def __init__(self) -> None:
        self.local_participant = self
        self.sid = "TR_1"
        self.published: list[str] = []

    async def publish_track(self, track: rtc.LocalAudioTrack, _: Any) -> "Line":
        self.published.append(track.name)
        return self

    async def unpublish_track(self, _: str) -> None:
        self.published.clear()

    async def wait_for_subscription(self) -> None: ...

    def isconnected(self) -> bool:
        return True


@pytest.mark.parametrize("message", ["Please hold on.", ""])
async def test_music_follows_each_message_and_ends_before_the_goodbye(message: str) -> None:
    room: Any = Line()
    settings = Settings()
    waits = QueueVoice(room, settings)
    tenth = settings.tts_sample_rate_hz // 10
    frame = rtc.AudioFrame(bytes(2 * tenth), 10 * tenth, 1, tenth)
    for phrase in ("Please hold on.", "Goodbye."):
        waits._book.keep(phrase, [frame] * 3)
    await waits.open()
    for _ in range(2):
        await waits.hold(message)
        for _ in range(2):
            await asyncio.sleep(0.2)
            assert waits._source.queued_duration > 0
    await asyncio.wait_for(waits.part("Goodbye."), 2)
    for _ in range(4):
        assert waits._source.queued_duration == 0
        await asyncio.sleep(0.1)
    assert room.published == ["queue"]
    await waits.aclose()
    assert room.published == []
