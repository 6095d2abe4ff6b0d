"""A pause of the agent's voice that loses nothing.

livekit-agents 1.8.9 throws away what it had queued for sending (up to 200 ms) when the voice
pauses, so a word is missing after the pause. Here the thrown part is kept and sent first. This
replaces one private method of the framework; a test tells when the framework's own has changed.
"""

import time
from collections import deque
from collections.abc import Callable

from livekit import rtc
from livekit.agents.voice.room_io._output import _ParticipantAudioOutput

KEPT_SECONDS = 0.5
"""More than LiveKit's queue holds."""
SLICE_SECONDS = 0.02


Listener = Callable[[rtc.AudioFrame, float], None]
_listener: Listener | None = None
"""A call has a process of its own, and one voice in it."""


def on_played(listener: Listener | None) -> None:
    """Tell somebody of each frame, and in how many seconds it is heard; None ends that."""
    global _listener
    _listener = listener


def install() -> None:
    """Let every audio output of this process keep what a pause would lose."""
    _ParticipantAudioOutput._forward_audio = _forward_audio  # type: ignore[method-assign]


async def _forward_audio(self: _ParticipantAudioOutput) -> None:
    sent: deque[rtc.AudioFrame] = deque()
    async for frame in self._audio_buf:
        generation = self._interruption_generation
        self._forwarding_idle.clear()
        try:
            # In slices, as a pause waits for the one that is being sent.
            waiting = deque(slices(frame))
            while waiting:
                if not self._playback_enabled.is_set():
                    # At once after each other: what is played between them is heard twice.
                    queued_s = self._audio_source.queued_duration
                    self._audio_source.clear_queue()
                    again = tail(sent, queued_s)
                    # As if never sent: the next stretch begins where the voice stopped.
                    self._source_pushed_duration -= sum(part.duration for part in again)
                    self._report_run(offset=self._source_pushed_duration, ended_at=time.time())
                    await self._playback_enabled.wait()
                    waiting.extendleft(reversed(again))
                if generation != self._interruption_generation:
                    break  # the reply that it belonged to was interrupted
                if self._interrupted_event.is_set() or self._pushed_duration == 0:
                    if self._interrupted_event.is_set() and self._flush_task:
                        await self._flush_task
                    break
                part = waiting.popleft()
                if not self._first_frame_event.is_set():
                    self._first_frame_event.set()
                    self.on_playback_started(created_at=time.time())
                if self._dry_at is not None and time.time() >= self._dry_at:
                    self._report_run(offset=self._source_pushed_duration, ended_at=self._dry_at)
                self._source_pushed_duration += part.duration
                if _listener is not None:
                    _listener(part, self._audio_source.queued_duration)
                await self._audio_source.capture_frame(part)
                self._dry_at = time.time() + self._audio_source.queued_duration
                sent.append(part)
                while sum(old.duration for old in sent) - sent[0].duration > KEPT_SECONDS:
                    sent.popleft()
        finally:
            self._forwarding_idle.set()


def slices(frame: rtc.AudioFrame) -> list[rtc.AudioFrame]:
    """Cut a frame into short ones."""
    count = max(1, round(SLICE_SECONDS * frame.sample_rate))
    data, width = bytes(frame.data), 2 * frame.num_channels
    return [
        rtc.AudioFrame(
            data[at * width : (at + count) * width],
            frame.sample_rate,
            frame.num_channels,
            min(count, frame.samples_per_channel - at),
        )
        for at in range(0, frame.samples_per_channel, count)
    ]


def tail(frames: deque[rtc.AudioFrame], seconds: float) -> list[rtc.AudioFrame]:
    """Give the last seconds of what was sent, the first frame cut where it has to be."""
    found: list[rtc.AudioFrame] = []
    for frame in reversed(frames):
        if seconds <= 0:
            break
        samples = min(frame.samples_per_channel, round(seconds * frame.sample_rate))
        if samples < frame.samples_per_channel:
            data = bytes(frame.data)[-samples * frame.num_channels * 2 :] if samples else b""
            frame = rtc.AudioFrame(data, frame.sample_rate, frame.num_channels, samples)
        if samples:
            found.append(frame)
        seconds -= frame.duration
    return found[::-1]
