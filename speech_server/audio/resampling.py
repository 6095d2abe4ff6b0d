"""Any rate to 16 kHz, chunk by chunk, without an edge between the chunks."""

from typing import Final

import numpy as np
import soxr

from speech_server.audio.decoding import Samples

RATE_HZ: Final = 16_000
"""The rate that all recognition works at."""

QUALITY: Final = "MQ"
"""Holds back 15 ms of audio at 48 kHz and 26 ms at 8 kHz, HQ 21 and 66 ms."""


class StreamResampler:
    """Resamples one stream to 16 kHz; what it holds back comes with later audio, or a flush."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._stream = self._new()

    def push(self, samples: Samples) -> Samples:
        """Give what is ready."""
        if self._stream is None:
            return samples
        ready: Samples = self._stream.resample_chunk(samples)
        return ready

    def flush(self) -> Samples:
        """Give what is held back; the next push begins anew."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest: Samples = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        self._stream = self._new()
        return rest

    def _new(self) -> soxr.ResampleStream | None:
        if self._rate_hz == RATE_HZ:
            return None
        return soxr.ResampleStream(self._rate_hz, RATE_HZ, 1, dtype="float32", quality=QUALITY)
