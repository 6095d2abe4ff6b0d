"""The door to Whisper: CTranslate2, and on a CPU ONNX Runtime."""

from speech_server.engines.whisper.ct2 import cuda_devices
from speech_server.engines.whisper.engine import WhisperEngine, WhisperOptions

__all__ = ["WhisperEngine", "WhisperOptions", "cuda_devices"]
