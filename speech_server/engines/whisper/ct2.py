"""Whisper in CTranslate2: the only door to ``ctranslate2``."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np

from speech_server.engines.whisper.decoder import Decoded, Marks
from speech_server.engines.whisper.weights import Floats


class CTranslate2Model:
    """A converted model.

    Args:
        folder: The model.
        device: Where it runs.
        compute_type: CTranslate2's name of the arithmetic; ``auto`` is int8 on a CPU, else float16.
        threads: Threads of a call; 0 takes the number of cores.
        lanes: Calls that may compute at once.

    Raises:
        RuntimeError: It cannot be loaded there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: Literal["auto", "cpu", "cuda"],
        compute_type: str,
        threads: int,
        lanes: int,
    ) -> None:
        if device == "auto":
            device = "cuda" if cuda_devices() else "cpu"
        if compute_type == "auto":
            compute_type = "float16" if device == "cuda" else "int8"
        self._model = _load(
            folder,
            device=device,
            compute_type=compute_type,
            inter_threads=lanes,
            intra_threads=threads,
        )
        self.device: str = self._model.device
        self.compute_type: str = self._model.compute_type
        self.n_mels: int = self._model.n_mels
        self.is_multilingual: bool = self._model.is_multilingual

    def encode(self, features: Floats) -> Any:
        """Encode windows ``[B, mel, frames]``; gives ``[B, frames / 2, width]`` on the device."""
        return self._model.encode(ctranslate2.StorageView.from_array(features))

    def decode(
        self,
        encoded: Any,
        prompts: Sequence[Sequence[int]],
        marks: Marks,
        longest: int,
        *,
        width: int,
        before: Sequence[int],
    ) -> list[Decoded]:
        """Decode a batch; ``longest``, ``width`` and ``before`` are as in `Decoder.decode`."""
        results = self._model.generate(
            encoded,
            prompts,
            beam_size=width,
            length_penalty=0,
            # It allows half of max_length in new tokens, and counts the prompt besides.
            max_length=max(2 * longest, longest + max(len(prompt) for prompt in prompts)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=list(marks.never),
        )
        decoded: list[Decoded] = []
        for result, told in zip(results, before, strict=True):
            # It gives the text of the prompt back at the head.
            tokens = tuple(result.sequences_ids[0][told:])
            decoded.append(Decoded(tokens, result.scores[0], result.no_speech_prob))
        return decoded

    def align(
        self,
        encoded: Any,
        start: Sequence[int],
        texts: Sequence[Sequence[int]],
        frames: Sequence[int],
    ) -> Sequence[Any]:
        """Find when each token of each text was said; ``start`` are the marks before it."""
        aligned: Sequence[Any] = self._model.align(encoded, start, texts, frames)
        return aligned

    def detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        """Give the likeliest language of each window and how likely it is."""
        found = self._model.detect_language(encoded)
        return [(best[0][0].strip("<|>"), best[0][1]) for best in found]

    def close(self) -> None:
        """Free the model."""
        self._model.unload_model()


def on_device(encoded: Floats) -> Any:
    """Give what was encoded elsewhere in CTranslate2's type, without a copy."""
    return ctranslate2.StorageView.from_array(encoded)


def as_floats(encoded: Any) -> Floats:
    """Give what is in CTranslate2's type on the CPU as floats, without a copy."""
    floats: Floats = np.asarray(encoded)
    return floats


def cuda_devices() -> int:
    """Count the CUDA devices that CTranslate2 sees."""
    count: int = ctranslate2.get_cuda_device_count()
    return count


def _load(folder: Path, **options: Any) -> Any:
    """Load in a helper thread that ends.

    Loaded in a thread that stays, an idle OpenMP team stays with it and decoding on two threads
    takes a third longer (measured: 2.10 s a recording against 1.59 s).
    """
    loaded: list[Any] = []
    failed: list[Exception] = []

    def load() -> None:
        try:
            loaded.append(ctranslate2.models.Whisper(str(folder), **options))
        except Exception as error:
            failed.append(error)

    helper = threading.Thread(target=load, name="whisper-load")
    helper.start()
    helper.join()
    if failed:
        raise failed[0]
    return loaded[0]
