"""Silero VAD v6, one state a stream.

The model takes windows of 512 samples at 16 kHz, each with the 64 samples before it, and carries
two vectors from window to window. Its first axis is time: several windows of one stream go in
together, streams cannot be mixed.
"""

from pathlib import Path
from typing import Final

import numpy as np

from speech_server.audio.decoding import Samples
from speech_server.engines.onnx_runtime import cpu_session, only_onnx_file

WINDOW: Final = 512
WINDOW_MS: Final = 32
CONTEXT: Final = 64
STATE: Final = (1, 1, 128)


class SileroVad:
    """The model; makes one `SileroStream` for each stream.

    Raises:
        FileNotFoundError: No model is at ``place``.
    """

    def __init__(self, place: Path) -> None:
        self._session = cpu_session(only_onnx_file(place))

    def stream(self) -> "SileroStream":
        """Start a stream."""
        return SileroStream(self)

    def run(
        self, windows: Samples, state: tuple[Samples, Samples]
    ) -> tuple[list[float], tuple[Samples, Samples]]:
        """Run windows ``[n, CONTEXT + WINDOW]`` and give probabilities and the new state."""
        h, c = state
        output, h, c = self._session.run(None, {"input": windows, "h": h, "c": c})
        return [float(value) for value in np.asarray(output).reshape(-1)], (h, c)


class SileroStream:
    """Voice activity of one stream. Not for two threads at once."""

    def __init__(self, model: SileroVad) -> None:
        self._model = model
        self._state = (np.zeros(STATE, np.float32), np.zeros(STATE, np.float32))
        self._tail = np.zeros(CONTEXT, np.float32)

    def push(self, samples: Samples) -> list[float]:
        """Give the voice probability of each window that the samples complete."""
        audio = np.concatenate([self._tail, samples])
        count = (len(audio) - CONTEXT) // WINDOW
        if count <= 0:
            self._tail = audio
            return []
        windows = np.lib.stride_tricks.sliding_window_view(audio, CONTEXT + WINDOW)
        picked = np.ascontiguousarray(windows[::WINDOW][:count])
        probabilities, self._state = self._model.run(picked, self._state)
        self._tail = audio[count * WINDOW :]
        return probabilities
