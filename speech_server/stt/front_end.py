"""From a stream's samples to what recognition looks at: 16 kHz audio, its spectrum, its voice."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from speech_server.audio.decoding import Samples
from speech_server.audio.history import History
from speech_server.audio.log_mel import FFT, FRAME_MS, Features, StreamLogMel, as_features
from speech_server.audio.resampling import RATE_HZ, StreamResampler
from speech_server.engines.base import VoiceActivityStream
from speech_server.engines.silero import WINDOW

TURN_S: Final = 8
"""Audio that the end-of-turn model looks at."""

SAMPLES_MS: Final = RATE_HZ // 1000


@dataclass(frozen=True)
class Heard:
    """What a piece of audio gave."""

    probabilities: list[float]
    audio_ms: int
    """All audio of the stream so far, at 16 kHz."""


class FrontEnd:
    """The state of one stream between its samples and its utterances.

    Its methods compute and are called on an executor, one at a time.

    Args:
        rate_hz: Rate of the samples that come.
        n_mels: Mel bands of the recognition model.
        voice: Voice activity of this stream.
    """

    def __init__(self, rate_hz: int, *, n_mels: int, voice: VoiceActivityStream) -> None:
        self._resampler = StreamResampler(rate_hz)
        self._mel = StreamLogMel(n_mels)
        self._voice = voice
        self._audio: History[np.float32] = History((), np.float32)

    def push(self, samples: Samples) -> Heard:
        """Take samples at the stream's own rate."""
        return self._take(self._resampler.push(samples))

    def flush(self) -> Heard:
        """Take what the resampler holds back; the stream goes on after it without a gap."""
        return self._take(self._resampler.flush())

    def finish(self) -> Heard:
        """Look at everything that came, as silence followed; nothing comes after it."""
        heard = self.flush()
        rest = -self._audio.end % WINDOW
        after = self._voice.push(np.zeros(rest, np.float32)) if rest else []
        # The last frames need audio beyond their middle.
        self._mel.push(np.zeros(FFT, np.float32))
        return Heard(heard.probabilities + after, heard.audio_ms)

    def features(self, from_ms: int, to_ms: int) -> Features:
        """Give Whisper's features of a stretch, as far as it has been heard."""
        return as_features(self._mel.frames.rows(from_ms // FRAME_MS, to_ms // FRAME_MS))

    def last_audio(self, from_ms: int, to_ms: int) -> Samples:
        """Give the audio of a turn that the end-of-turn model looks at, up to a moment."""
        end = to_ms * SAMPLES_MS
        return self._audio.rows(max(from_ms * SAMPLES_MS, end - TURN_S * RATE_HZ), end)

    def forget_before(self, ms: int) -> None:
        """Free what lies before a moment, except what the end-of-turn model may still need."""
        self._mel.frames.forget_before(ms // FRAME_MS)
        self._audio.forget_before(self._audio.end - (TURN_S + 1) * RATE_HZ)

    def _take(self, samples: Samples) -> Heard:
        self._audio.append(samples)
        self._mel.push(samples)
        return Heard(self._voice.push(samples), self._audio.end // SAMPLES_MS)
