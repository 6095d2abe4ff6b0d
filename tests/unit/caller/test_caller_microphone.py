import asyncio
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from caller.measure import level_dbfs
from caller.microphone import Microphone, lag_percentile_ms
from caller.recorder import Samples


class Sink:
    def __init__(self, pause_s: float = 0.0) -> None:
        self.frames: list[tuple[float, Samples]] = []
        self.pause_s = pause_s
        self.sends = 0

    async def send(self, _: Samples) -> None:
        self.sends += 1
        if self.pause_s and self.sends == 3:
            await asyncio.sleep(self.pause_s)

    def keep(self, time_s: float, samples: Samples) -> None:
        self.frames.append((time_s, samples))


async def run_for(microphone: Microphone, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(microphone.run(), seconds)


@pytest.mark.parametrize("frame_ms", [10, 20])
async def test_frames_leave_on_an_absolute_schedule(frame_ms: int) -> None:
    sink = Sink()
    begun_s = time.monotonic()
    await run_for(Microphone(sink.send, sink.keep, 16000, frame_ms), 0.5)
    times = [t for t, _ in sink.frames]
    assert np.allclose(np.diff(times), frame_ms / 1000, atol=1e-9)
    assert times[0] == pytest.approx(begun_s, abs=0.1)
    assert len(sink.frames) == pytest.approx(500 / frame_ms, abs=6)
    assert {len(f) for _, f in sink.frames} == {16 * frame_ms}


async def test_a_slow_send_is_caught_up_and_shows_as_lag() -> None:
    sink = Sink(pause_s=0.1)
    microphone = Microphone(sink.send, sink.keep, 16000, 10)
    await run_for(microphone, 0.4)
    assert len(sink.frames) >= 33
    assert np.allclose(np.diff([t for t, _ in sink.frames]), 0.01, atol=1e-9)
    assert lag_percentile_ms(microphone.lags_s, 100) >= 80


async def test_a_recording_is_sent_whole_between_room_noise() -> None:
    sink = Sink()
    microphone = Microphone(sink.send, sink.keep, 16000, 10, room_noise_dbfs=-75)
    rng = np.random.default_rng(5)
    recording = rng.integers(-8000, 8000, 1234).astype(np.int16)
    running = asyncio.create_task(microphone.run())
    await asyncio.sleep(0.05)
    playback = await asyncio.wait_for(microphone.play(recording), 2)
    await asyncio.sleep(0.05)
    running.cancel()
    assert playback.end_s - playback.start_s == pytest.approx(1234 / 16000)
    spoken = np.concatenate([f for t, f in sink.frames if t >= playback.start_s - 1e-9])[:1234]
    assert np.abs(spoken.astype(int) - recording).max() < 60  # the room's noise is mixed in
    before = np.concatenate([f for t, f in sink.frames if t < playback.start_s - 1e-9])
    assert level_dbfs(before) == pytest.approx(-75, abs=2)


async def test_recordings_are_spoken_one_after_the_other() -> None:
    sink = Sink()
    microphone = Microphone(sink.send, sink.keep, 16000, 10)
    running = asyncio.create_task(microphone.run())
    loud = np.full(1600, 9000, np.int16)
    first, second = await asyncio.wait_for(
        asyncio.gather(microphone.play(loud), microphone.play(loud)), 2
    )
    running.cancel()
    assert second.start_s == pytest.approx(first.end_s, abs=0.001)


async def test_a_cancelled_recording_is_not_spoken() -> None:
    sink = Sink()
    microphone = Microphone(sink.send, sink.keep, 16000, 10)
    playing = asyncio.create_task(microphone.play(np.full(16000, 9000, np.int16)))
    await asyncio.sleep(0)
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    await run_for(microphone, 0.1)
    assert max(level_dbfs(f) for _, f in sink.frames) < -60


def test_lag_before_the_first_frame_is_zero() -> None:
    sink = Sink()
    assert lag_percentile_ms(Microphone(sink.send, sink.keep).lags_s, 99) == 0


def test_priority_is_raised_where_allowed_and_inherited() -> None:
    script = "from caller.priority import raise_priority; print(raise_priority(7))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert int(done.stdout) == max(7, os.getpriority(os.PRIO_PROCESS, 0))


def test_who_goes_first_says_whether_it_may_and_its_threads_do_too() -> None:
    script = (
        "import os, threading; from caller.priority import go_first\n"
        "first = go_first()\n"
        "thread = threading.Thread(target=lambda: print(first, os.sched_getscheduler(0)))\n"
        "thread.start(); thread.join()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    first, policy = done.stdout.split()
    assert int(policy) == (os.SCHED_RR if first == "True" else os.sched_getscheduler(0))
