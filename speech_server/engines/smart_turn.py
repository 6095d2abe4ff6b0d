"""Smart Turn v3: has the speaker finished? Judged by the sound of the last 8 seconds.

Input: Whisper's log-mel features of exactly 8 s, silence put before shorter audio, the samples
brought to mean 0 and variance 1 first (as its makers' pipecat does).
"""

from pathlib import Path
from typing import Final

import numpy as np

from speech_server.audio.decoding import Samples
from speech_server.audio.log_mel import FFT, HOP, as_features, log_mel
from speech_server.audio.resampling import RATE_HZ
from speech_server.engines.onnx_runtime import cpu_session, only_onnx_file

SECONDS: Final = 8
SAMPLES: Final = SECONDS * RATE_HZ
N_MELS: Final = 80


class SmartTurn:
    """The model; `probability` may be called from several threads.

    Raises:
        FileNotFoundError: No model is at ``place``.
    """

    def __init__(self, place: Path) -> None:
        self._session = cpu_session(only_onnx_file(place))
        self._input: str = self._session.get_inputs()[0].name

    def probability(self, samples: Samples) -> float:
        """Probability that the turn in these last seconds is over."""
        audio = np.zeros(SAMPLES, np.float32)
        last = samples[-SAMPLES:]
        if len(last):
            audio[-len(last) :] = last
        audio = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
        padded = np.pad(audio, FFT // 2, mode="reflect")
        framed = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
        # One frame more than hops, of which Whisper leaves the last out.
        features = as_features(log_mel(framed[: SAMPLES // HOP], N_MELS))
        output = self._session.run(None, {self._input: features[np.newaxis]})
        return float(np.asarray(output[0]).reshape(-1)[0])
