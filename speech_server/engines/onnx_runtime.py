"""Small ONNX models on the CPU: the door of voice activity and end of turn to ONNX Runtime."""

from pathlib import Path

import onnxruntime


def cpu_session(path: Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open a model; its ``run`` may be called from several threads at once.

    One thread a call, so that many streams share the cores without fighting for them.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


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
