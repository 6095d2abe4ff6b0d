"""Whisper in ONNX Runtime, for eight bits on a CPU."""

from pathlib import Path
from typing import Final

from speech_server.engines.base import Wanted
from speech_server.engines.onnx_runtime import run_while
from speech_server.engines.whisper.decoder import Decoder, Marks
from speech_server.engines.whisper.graph import open_graph
from speech_server.engines.whisper.layers import Shape, encoder_graph
from speech_server.engines.whisper.weights import Floats, Weights

STEP_THREADS: Final = 2
"""Most threads of a token: its steps are small."""


class PackedModel:
    """A converted model with weights that are packed once. Safe from several threads at once.

    Attributes:
        decoder: Makes tokens of what `encode` gives.

    Args:
        folder: The model.
        marks: Which of its tokens mean what.
        threads: Threads of a call.

    Raises:
        UnknownWeights: Its weights are none that this knows.
    """

    def __init__(self, folder: Path, marks: Marks, *, threads: int) -> None:
        self._weights = Weights(folder / "model.bin")
        try:
            shape = Shape.of(self._weights, "encoder")
            self._positions = self._weights.floats("encoder/position_encodings/encodings")
            self._encoder = open_graph(encoder_graph(self._weights, shape), threads)
            self.decoder = Decoder(self._weights, marks, threads=min(threads, STEP_THREADS))
        except BaseException:
            self._weights.close()
            raise

    def encode(self, features: Floats, wanted: Wanted) -> Floats | None:
        """Encode windows ``[B, mel, frames]``; gives ``[B, frames / 2, width]``.

        None when they are not wanted any more.
        """
        positions = self._positions[: (features.shape[2] + 1) // 2]
        inputs = {"features": features, "positions": positions}
        outputs = run_while(self._encoder, inputs, wanted)
        if outputs is None:
            return None
        encoded: Floats = outputs[0]
        return encoded

    def close(self) -> None:
        """Close the model's file."""
        self._weights.close()
