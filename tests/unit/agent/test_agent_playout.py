"""A pause of the agent's voice."""

import asyncio
import hashlib
import inspect
import time
from array import array
from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest
from livekit import rtc
from livekit.agents.voice.room_io import _output

from agent import playout
from tests.support.conversation import until

RATE_HZ = 1000
QUEUE_S = 0.2
DIGEST = "8a7ffecaa2e414946a3692cb9ce4e471bf46849828f6ba711aacacbffff894e5"
STOCK = inspect.getsource(_output._ParticipantAudioOutput._forward_audio)


def test_the_method_that_is_replaced_is_the_one_that_was_read() -> None:
    digest = hashlib.sha256(STOCK.encode()).hexdigest()
    assert digest == DIGEST, "livekit-agents has changed it: read it again, and agent/playout.py"


class Source:
    """LiveKit's audio source: a queue of 0.2 s that plays in real time."""

    def __init__(self) -> None:
        self.played = array("h")
        self._queue = array("h")
        self._at_s = time.monotonic()

    def _play(self) -> None:
        now = time.monotonic()
        count = min(len(self._queue), int((now - self._at_s) * RATE_HZ))
        self.played.extend(self._queue[:count])
        del self._queue[:count]
        self._at_s = now if not self._queue else self._at_s + count / RATE_HZ

    @property
    def queued_duration(self) -> float:
        self._play()
        return len(self._queue) / RATE_HZ

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await until(lambda: self.queued_duration < QUEUE_S)
        self._queue.extend(array("h", bytes(frame.data)))

    def clear_queue(self) -> None:
        # As of the last look at the queue: a busy machine may stop this process in between.
        del self._queue[:]

    async def wait_for_playout(self) -> None:
        await until(lambda: self.queued_duration == 0)

    async def aclose(self) -> None:
        return


@pytest.fixture
async def output(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(_output._ParticipantAudioOutput, "_forward_audio", playout._forward_audio)
    output: Any = _output._ParticipantAudioOutput.__new__(_output._ParticipantAudioOutput)
    monkeypatch.setattr(_output.rtc, "AudioSource", lambda *_, **__: Source())
    output.__init__(
        None,
        sample_rate=RATE_HZ,
        num_channels=1,
        track_publish_options=rtc.TrackPublishOptions(),
        track_name="voice",
    )
    output._subscribed_fut.set_result(None)
    return output


async def push(output: Any, samples: Sequence[int]) -> None:
    frame = rtc.AudioFrame(array("h", samples).tobytes(), RATE_HZ, 1, len(samples))
    await output.capture_frame(frame)
    output.flush()


async def test_nothing_is_lost_or_said_twice_in_a_pause(output: Any) -> None:
    positions: list[float] = []
    output.on("playback_finished", lambda event: positions.append(event.playback_position))
    forwarding = asyncio.create_task(output._forward_audio())
    samples = array("h", range(1, 1201))
    await push(output, samples)
    await asyncio.sleep(0.4)
    output.pause()
    await asyncio.sleep(0.3)
    stopped = len(output._audio_source.played)
    await asyncio.sleep(0.1)
    assert len(output._audio_source.played) == stopped
    output.resume()
    await until(lambda: bool(positions), 5)
    assert output._audio_source.played == samples
    assert positions == [pytest.approx(1.2, abs=0.1)]
    forwarding.cancel()


async def test_an_interruption_in_a_pause_ends_the_reply(output: Any) -> None:
    positions: list[float] = []
    output.on("playback_finished", lambda event: positions.append(event.playback_position))
    forwarding = asyncio.create_task(output._forward_audio())
    await push(output, array("h", range(1, 1201)))
    await asyncio.sleep(0.4)
    output.pause()
    await asyncio.sleep(0.2)
    output.clear_buffer()
    output.resume()
    await asyncio.sleep(0.2)
    played = len(output._audio_source.played)
    assert played < 800
    assert positions == [pytest.approx(played / RATE_HZ, abs=0.06)]
    await push(output, array("h", range(2001, 2101)))
    await asyncio.sleep(0.3)
    assert list(output._audio_source.played[played:]) == list(range(2001, 2101))
    forwarding.cancel()


def test_the_tail_is_cut_to_the_sample() -> None:
    frames = deque(
        rtc.AudioFrame(array("h", range(at, at + 50)).tobytes(), RATE_HZ, 1, 50)
        for at in range(0, 200, 50)
    )
    parts = playout.tail(frames, 0.07)
    assert [sample for part in parts for sample in part.data] == list(range(130, 200))
    assert playout.tail(frames, 0) == []


def test_slices_are_short_and_whole() -> None:
    frame = rtc.AudioFrame(array("h", range(50)).tobytes(), RATE_HZ, 1, 50)
    parts = playout.slices(frame)
    assert [part.samples_per_channel for part in parts] == [20, 20, 10]
    assert [sample for part in parts for sample in part.data] == list(range(50))
