"""A microphone that plays recordings: frames on an absolute schedule, room noise in between."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from caller.recorder import Samples

__all__ = ["Microphone", "Playback", "lag_percentile_ms"]

_LAGS_KEPT = 360_000  # an hour of 10 ms frames


@dataclass(frozen=True)
class Playback:
    """When a recording was spoken: its first sample and the end of its last, on the clock."""

    start_s: float
    end_s: float


@dataclass
class _Job:
    samples: Samples
    done: asyncio.Future[Playback]
    position: int = 0
    start_s: float = 0.0


@dataclass
class Microphone:
    """Captures a frame each `frame_ms` and hands it to `send`, as a sound card would.

    Frame k holds the sound from t0 + k*frame to t0 + (k+1)*frame and is due at the end of that
    time; lateness never shifts the schedule of those that follow. `on_frame` learns each frame
    with the scheduled time of its first sample. `lags_s` is how late each frame was sent.
    """

    send: Callable[[Samples], Awaitable[None]]
    on_frame: Callable[[float, Samples], None]
    rate_hz: int = 48000
    frame_ms: int = 10
    room_noise_dbfs: float = -75.0
    seed: int = 0
    lags_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LAGS_KEPT))
    _jobs: deque[_Job] = field(default_factory=deque)

    async def run(self) -> None:
        """Sends frames until it is cancelled."""
        frame_samples = self.rate_hz * self.frame_ms // 1000
        frame_s = self.frame_ms / 1000
        noise = _noise(self.rate_hz, self.room_noise_dbfs, self.seed)
        origin_s = time.monotonic()
        number = 0
        while True:
            start_s = origin_s + number * frame_s
            frame = np.take(
                noise, range(number * frame_samples, (number + 1) * frame_samples), mode="wrap"
            )
            frame = self._fill(frame, start_s)
            due_s = start_s + frame_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self.lags_s.append(max(0.0, time.monotonic() - due_s))
            await self.send(frame)
            self.on_frame(start_s, frame)
            number += 1

    async def play(self, samples: Samples) -> Playback:
        """Speaks a recording from the next frame on; returns when its last sample was sent."""
        job = _Job(samples, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        try:
            return await job.done
        except asyncio.CancelledError:
            if job in self._jobs:
                self._jobs.remove(job)
            raise

    def _fill(self, frame: Samples, start_s: float) -> Samples:
        if not self._jobs:
            return frame
        job = self._jobs[0]
        if job.position == 0:
            job.start_s = start_s
        piece = job.samples[job.position : job.position + len(frame)]
        mixed = frame.astype(np.int32)
        mixed[: len(piece)] += piece
        job.position += len(piece)
        if job.position >= len(job.samples):
            self._jobs.popleft()
            if not job.done.done():
                end_s = job.start_s + len(job.samples) / self.rate_hz
                job.done.set_result(Playback(job.start_s, end_s))
        return np.clip(mixed, -32768, 32767).astype(np.int16)


def lag_percentile_ms(lags_s: deque[float], percentile: float) -> float:
    """Send-lag at a percentile in milliseconds; 0 before the first frame."""
    return float(np.percentile(np.array(lags_s), percentile) * 1000) if lags_s else 0.0


def _noise(rate_hz: int, level_dbfs: float, seed: int) -> Samples:
    """One second of white noise; exact digital silence would let Opus stop sending (DTX)."""
    rms = 32768 * 10 ** (level_dbfs / 20)
    return np.round(np.random.default_rng(seed).normal(0, rms, rate_hz)).astype(np.int16)
