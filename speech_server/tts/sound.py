"""From the scheduler's samples to a context's messages: gain, pauses, rate, encoding, sizes."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from speech_server.audio.output import BYTES_PER_SAMPLE, OutputEncoding, OutputResampler, encode
from speech_server.engines.piper import Floats
from speech_server.tts.jobs import Job

MESSAGE_MS = (40, 60, 100, 200)
"""Lengths of a context's messages: the first is short so that playing can begin, the last length
is that of all others."""


class SegmentListener(Protocol):
    """Who is told, on the scheduler's thread, what became of a segment."""

    def segment_begins(self, index: int, pause: int, samples: int) -> None:
        """The segment is a pause and then its sound, together so many samples."""

    def segment_sounds(self, index: int, pieces: list[tuple[bytes, int]], *, last: bool) -> None:
        """The next messages of sound, each with its number of samples."""

    def segment_failed(self, error: Exception) -> None:
        """The engine failed."""


class MessageSizes:
    """Gives the sizes of a context's messages, growing from the first."""

    def __init__(self, rate_hz: int) -> None:
        self._sizes = [rate_hz * ms // 1000 for ms in MESSAGE_MS]
        self._sent = 0

    def split(self, total: int) -> Iterator[tuple[int, int]]:
        """Split so many samples; gives begin and end of each message."""
        begin = 0
        while begin < total:
            size = self._sizes[min(self._sent, len(self._sizes) - 1)]
            end = min(total, begin + size)
            self._sent += 1
            yield begin, end
            begin = end


class SegmentSound:
    """The sink of one segment.

    Args:
        listener: Who is told.
        index: Number of the segment in its context.
        voice_rate_hz: Rate of the samples that come.
        rate_hz: Rate of those that go.
        encoding: How they are written.
        gain: Factor for all of them.
        pause_ms: Silence before the segment.
        sizes: Sizes of messages, shared by the segments of a context.
        after: The segment that this one goes on from without a seam.
        goes_on: Another one goes on from it.
    """

    def __init__(
        self,
        listener: SegmentListener,
        index: int,
        *,
        voice_rate_hz: int,
        rate_hz: int,
        encoding: OutputEncoding,
        gain: float,
        pause_ms: int,
        sizes: MessageSizes,
        after: "SegmentSound | None" = None,
        goes_on: bool = False,
    ) -> None:
        self._after = after
        self._goes_on = goes_on
        self._listener = listener
        self._index = index
        self._voice_rate_hz = voice_rate_hz
        self._rate_hz = rate_hz
        self._encoding: OutputEncoding = encoding
        self._gain = np.float32(gain)
        self._pause = rate_hz * pause_ms // 1000
        self._sizes = sizes
        self._resampler: OutputResampler | None = None

    def began(self, job: Job, samples: int) -> None:
        """Announce the segment."""
        if self._after is not None:
            self._resampler, self._after = self._after._resampler, None
        if self._resampler is None:
            self._resampler = OutputResampler(
                self._voice_rate_hz, self._rate_hz, samples, goes_on=self._goes_on
            )
        else:
            self._resampler.go_on(samples, goes_on=self._goes_on)
        total = self._pause + self._resampler.total
        self._listener.segment_begins(self._index, self._pause, total)

    def made(self, job: Job, samples: Floats, *, last: bool) -> float:
        """Pass the next samples on; gives the seconds that they last."""
        assert self._resampler is not None
        sound = self._resampler.push(samples * self._gain, last=last)
        if self._pause:
            sound = np.concatenate([np.zeros(self._pause, np.float32), sound])
            self._pause = 0
        data = encode(sound, self._encoding)
        width = BYTES_PER_SAMPLE[self._encoding]
        pieces = [
            (data[begin * width : end * width], end - begin)
            for begin, end in self._sizes.split(len(sound))
        ]
        self._listener.segment_sounds(self._index, pieces, last=last)
        return len(sound) / self._rate_hz

    def failed(self, job: Job, error: Exception) -> None:
        """Pass the failure on."""
        self._listener.segment_failed(error)
