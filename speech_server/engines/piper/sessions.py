"""ONNX Runtime sessions for the stages of a voice."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
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


@cache
def _share_arena() -> None:
    """Make the one arena of this process from which the sessions of all voices take memory.

    Without one, the C library cuts its heap into pieces that fit no window of another width: two
    decoders of 192 frames at once left 484 MB behind where 90 MB were in use, and windows took a
    tenth to a quarter longer. An arena for each session keeps the most that each has ever needed.
    """
    kind = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = ort.OrtMemoryInfo("Cpu", kind, 0, ort.OrtMemType.DEFAULT)
    # It grows by powers of two: grown as requested, it kept a fourth more.
    arena = {
        "max_mem": 0,
        "arena_extend_strategy": 0,
        "initial_chunk_size_bytes": -1,
        "max_dead_bytes_per_chunk": -1,
    }
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg(arena))


WEIGHT_BYTES = 4096
"""Smaller tensors are not worth sharing."""


class Weights:
    """The weights of a model, for several sessions that run it.

    Args:
        path: Where `write` has put them.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.values = {
                name: ort.OrtValue.ortvalue_from_numpy(file[name]) for name in file.files
            }

    @staticmethod
    def write(path: Path, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Write weights by their names."""
        known = {name: value for name, value in arrays.items() if value.nbytes >= WEIGHT_BYTES}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **known)


class Session:
    """One model, run by positional inputs.

    Args:
        model: Its file or its bytes.
        device: Where it runs.
        threads: Threads on the CPU; 0 takes one for each core.
        outputs: Outputs that are wanted, from the first on; None takes all.
        save_as: Where to write the optimised graph.
        weights: Weights that are shared; those of the model are used where there are none.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
        outputs: int | None = None,
        save_as: Path | None = None,
        weights: Weights | None = None,
    ) -> None:
        self._weights = weights  # the session looks at them and does not own them
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle threads must sleep: recognition computes on the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Windows of many lengths: a plan of memory for each length would stay for ever.
        options.enable_mem_pattern = False
        if device == "cpu":
            _share_arena()
            options.add_session_config_entry("session.use_env_allocators", "1")
        else:
            options.enable_cpu_mem_arena = False
        for name, value in weights.values.items() if weights is not None else ():
            options.add_initializer(name, value)
        if save_as is not None:
            # What is saved must fit any CPU: the last level rearranges for this one.
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
            options.optimized_model_filepath = str(save_as)
        providers: list[str | tuple[str, dict[str, str]]] = ["CPUExecutionProvider"]
        if device == "cuda":
            cuda = {
                # Exhaustive search costs seconds for each new length (piper #172).
                "cudnn_conv_algo_search": "HEURISTIC",
                "arena_extend_strategy": "kSameAsRequested",
            }
            providers.insert(0, ("CUDAExecutionProvider", cuda))
        source = model if isinstance(model, bytes) else str(model)
        self._session = ort.InferenceSession(source, options, providers=providers)
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
