"""ONNX Runtime sessions for the stages of a voice."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from speech_server.engines.piper.errors import BrokenVoice

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

ort.set_default_logger_severity(3)
# Severity 3 are errors: a voice's graph brings dozens of warnings about unused initializers.


def resolve_device(device: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """Say where sessions will run.

    Raises:
        BrokenVoice: CUDA is asked for and this build of ONNX Runtime has none.
    """
    has_cuda = "CUDAExecutionProvider" in ort.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise BrokenVoice("ONNX Runtime has no CUDA here")
    return "cuda" if has_cuda and device != "cpu" else "cpu"


class Session:
    """One model, run by positional inputs."""

    def __init__(
        self,
        model: onnx.ModelProto | bytes,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
        outputs: int | None = None,
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle threads must sleep: recognition computes on the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Windows of many lengths: a plan of memory for each length would stay for ever.
        options.enable_mem_pattern = False
        providers: list[str | tuple[str, dict[str, str]]] = ["CPUExecutionProvider"]
        if device == "cuda":
            cuda = {
                # Exhaustive search costs seconds for each new length (piper #172).
                "cudnn_conv_algo_search": "HEURISTIC",
                "arena_extend_strategy": "kSameAsRequested",
            }
            providers.insert(0, ("CUDAExecutionProvider", cuda))
        data = model if isinstance(model, bytes) else model.SerializeToString()
        self._session = ort.InferenceSession(data, options, providers=providers)
        # ONNX Runtime falls back to the CPU without an error.
        if device == "cuda" and self._session.get_providers()[0] != "CUDAExecutionProvider":
            raise BrokenVoice("ONNX Runtime does not run this voice on CUDA")
        self.inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = [value.name for value in self._session.get_outputs()][:outputs]

    def run(self, *values: npt.NDArray[np.generic]) -> list[Floats]:
        """Run with the inputs in the model's order."""
        feed = dict(zip(self.inputs, values, strict=True))
        result: list[Floats] = self._session.run(self._outputs, feed)
        return result
