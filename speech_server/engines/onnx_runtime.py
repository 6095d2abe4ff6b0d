"""ONNX models on the CPU: the door of all recognition to ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from speech_server.engines.base import Wanted


def cpu_session(
    model: Path | bytes,
    *,
    threads: int = 1,
    weights: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
) -> onnxruntime.InferenceSession:
    """Open a model, of a file or serialized; its ``run`` may be called from several threads.

    One thread a call, so that many streams share the cores without fighting for them.

    Args:
        model: Where it is, or itself.
        threads: Threads of a call.
        weights: Those that the model says are elsewhere, by their names.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    if threads > 1:
        # Else one session's threads wait for it in a loop while another's compute: 190 ms for a
        # window and its tokens in three sessions, and 135 with this (two cores, base int8).
        options.add_session_config_entry("session.force_spinning_stop", "1")
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
        options.add_external_initializers(list(weights), values)
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run_while(
    session: onnxruntime.InferenceSession,
    inputs: Mapping[str, npt.NDArray[Any]],
    wanted: Wanted,
) -> list[Any] | None:
    """Run a model; None when nobody wants it any more, within some milliseconds of that."""
    options = onnxruntime.RunOptions()

    def stop() -> None:
        options.terminate = True

    with wanted.stopping(stop):
        try:
            outputs: list[Any] = session.run(None, dict(inputs), options)
        except Fail:
            if wanted():
                raise
            return None
    return outputs


def only_onnx_file(place: Path) -> Path:
    """Give the model file of a folder, or the file itself.

    Raises:
        FileNotFoundError: There is none, or more than one.
    """
    if place.is_file():
        return place
    found = sorted(place.glob("*.onnx"))
    if len(found) != 1:
        raise FileNotFoundError(f"{place} holds {len(found)} .onnx files, not one")
    return found[0]
