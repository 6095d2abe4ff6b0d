"""Whisper in CTranslate2: the only door to ``ctranslate2`` and ``faster_whisper``.

The encoder takes any length up to 30 s, so a window is the speech and a margin of silence and
not 30 s. Without the margin the decoder loops; with it and a retry over longer windows
nothing is lost on the model and language where it was measured, and the encoder costs a quarter.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from speech_server.audio.log_mel import FRAME_MS, silence
from speech_server.engines.base import DecodeItem, Hypothesis, Word
from speech_server.engines.whisper_checks import find_fault
from speech_server.engines.whisper_words import split_words, timed_words

FULL_WINDOW: Final = 3000
"""Frames of Whisper's own window, 30 s."""

MOST_TOKENS: Final = 224
"""New tokens that Whisper can make in a window."""

MEASURED: Final[dict[int, frozenset[str]]] = {512: frozenset({"en"})}
"""Width of the model to the languages for which the short window was measured (base: 512)."""

LEAST_FRAMES: Final = 4

INTERIM_MARGIN_MS: Final = 1000
INTERIM_LEAST_MS: Final = 6000
"""Windows of interims are shorter: a loop in one shows nothing, and the next one is near."""

ShortContext = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class WhisperOptions:
    """How a model is loaded and run."""

    name: str
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "auto"
    threads: int = 0
    """Threads of a call; 0 takes the number of cores."""
    lanes: int = 1
    """Calls of `WhisperEngine.decode` that may compute at once."""
    narrow_decoder: bool = False
    """Make tokens on one thread, whatever encodes: the steps are too small to share, and two
    threads took a third longer for them (base int8: 130 ms an utterance against 97). Interims are
    encoded there too, for a third less computing. The model is loaded a second time for it."""
    short_context: ShortContext = "auto"
    margin_ms: int = 2000
    least_ms: int = 8000
    """Shortest window: in shorter ones the decoder loops on a few words."""


class WhisperEngine:
    """One loaded model.

    Args:
        folder: The converted model with its ``tokenizer.json``.
        options: How to load and run it.

    Raises:
        RuntimeError: CTranslate2 cannot load it there.
        FileNotFoundError: A file of it is missing.
    """

    def __init__(self, folder: Path, options: WhisperOptions) -> None:
        for file in ("model.bin", "config.json", "tokenizer.json"):
            if not (folder / file).is_file():
                raise FileNotFoundError(f"{folder} holds no {file}")
        self.name = options.name
        self._options = options
        self._model = _load(folder, options)
        self._narrow = (
            _load(folder, replace(options, threads=1)) if options.narrow_decoder else self._model
        )
        self.device: str = self._model.device
        self.compute_type: str = self._model.compute_type
        self.n_mels: int = self._model.n_mels
        self._multilingual: bool = self._model.is_multilingual
        self._text = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.languages: tuple[str, ...] = (
            tuple(
                code
                for code in sorted(_LANGUAGE_CODES)
                if self._text.token_to_id(f"<|{code}|>") is not None
            )
            if self._multilingual
            else ("en",)
        )
        self._tokens = self._tokenizer("en", "transcribe")
        tokens = self._tokens
        self._suppressed = sorted(
            {
                *tokens.non_speech_tokens,
                tokens.transcribe,
                tokens.translate,
                tokens.sot,
                tokens.sot_prev,
                tokens.sot_lm,
                tokens.no_speech,
            }
        )
        self._short_languages = self._measure_guard()

    def bucket(self, item: DecodeItem) -> int:
        """Length of the item's window in frames."""
        if item.full_window or not self._may_be_short(item.language):
            return FULL_WINDOW
        margin_ms, least_ms = self._options.margin_ms, self._options.least_ms
        if item.interim:
            margin_ms = min(margin_ms, INTERIM_MARGIN_MS)
            least_ms = min(least_ms, INTERIM_LEAST_MS)
        frames: int = max(item.features.shape[1] + margin_ms // FRAME_MS, least_ms // FRAME_MS)
        if item.half_window:
            frames = max(frames, FULL_WINDOW // 2)
        step = 100 if frames <= 1200 else 300
        return min(FULL_WINDOW, -(-frames // step) * step)

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Turn text into tokens."""
        return tuple(self._tokens.encode(text))

    def decode(self, items: Sequence[DecodeItem]) -> list[Hypothesis]:
        """Decode a batch greedily, without timestamps."""
        frames = self.bucket(items[0])
        window = np.empty((len(items), self.n_mels, frames), np.float32)
        for row, item in enumerate(items):
            length = min(frames, item.features.shape[1])
            window[row, :, :length] = item.features[:, :length]
            window[row, :, length:] = silence(item.features)
        began = time.perf_counter()
        encoder = self._narrow if items[0].interim else self._model
        encoded = encoder.encode(ctranslate2.StorageView.from_array(window))
        languages = self._languages(encoded, items)
        encoded_at = time.perf_counter()
        prompts = [
            self._prompt(item, language)
            for item, (language, _) in zip(items, languages, strict=True)
        ]
        limits = [_limit(item) for item in items]
        longest = max(limits)
        # CTranslate2 allows half of max_length in new tokens, and counts the prompt besides.
        max_length = max(2 * longest, longest + max(len(prompt) for prompt in prompts))
        results = self._narrow.generate(
            encoded,
            prompts,
            beam_size=1,
            max_length=max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )
        decoded_at = time.perf_counter()
        words = self._words(encoded, items, languages, results)
        shared = Hypothesis(
            text="",
            context_frames=frames,
            batch_size=len(items),
            encode_ms=(encoded_at - began) * 1000,
            decode_ms=(decoded_at - encoded_at) * 1000,
            align_ms=(time.perf_counter() - decoded_at) * 1000,
        )
        return [
            self._hypothesis(shared, *row)
            for row in zip(items, results, languages, limits, words, strict=True)
        ]

    def close(self) -> None:
        """Free the model."""
        self._model.unload_model()
        self._narrow.unload_model()

    def _hypothesis(
        self,
        shared: Hypothesis,
        item: DecodeItem,
        result: Any,
        language: tuple[str, float],
        limit: int,
        words: tuple[Word, ...],
    ) -> Hypothesis:
        # CTranslate2 gives the prefix back at the head of the sequence.
        tokens = tuple(result.sequences_ids[0])
        text, word_ends = split_words(self._tokenizer(language[0], item.options.task), tokens)
        fault = find_fault(tokens[len(item.prefix) :], text, limit)
        if not fault and not item.full_window and not self._may_be_short(language[0]):
            fault = "language"
        return replace(
            shared,
            text=text,
            tokens=tokens,
            word_ends=word_ends,
            words=words,
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_prob=result.no_speech_prob,
            language=language[0],
            language_probability=language[1],
            fault=fault,
        )

    def _words(
        self,
        encoded: Any,
        items: Sequence[DecodeItem],
        languages: Sequence[tuple[str, float]],
        results: Sequence[Any],
    ) -> list[tuple[Word, ...]]:
        """Find when each word was said, where that was asked for."""
        if not items[0].options.words:
            return [()] * len(items)
        texts = [list(result.sequences_ids[0]) for result in results]
        # A window of less than two frames ends the process (CTranslate2 #2065).
        frames = [max(LEAST_FRAMES, item.features.shape[1]) for item in items]
        found: dict[str, Sequence[Any]] = {}
        words: list[tuple[Word, ...]] = []
        for row, (language, _) in enumerate(languages):
            tokens = self._tokenizer(language, items[row].options.task)
            if language not in found:
                # One start sequence a call: with mixed languages each call aligns all rows.
                found[language] = self._narrow.align(encoded, tokens.sot_sequence, texts, frames)
            words.append(timed_words(tokens, tuple(texts[row]), found[language][row]))
        return words

    def _languages(self, encoded: Any, items: Sequence[DecodeItem]) -> list[tuple[str, float]]:
        if not self._multilingual:
            return [("en", 1.0) for _ in items]
        if all(item.language for item in items):
            return [(item.language or "", 1.0) for item in items]
        detected = self._narrow.detect_language(encoded)
        return [
            (item.language, 1.0) if item.language else (best[0][0].strip("<|>"), best[0][1])
            for item, best in zip(items, detected, strict=True)
        ]

    def _prompt(self, item: DecodeItem, language: str) -> list[int]:
        tokens = self._tokenizer(language, item.options.task)
        before = [tokens.sot_prev, *item.context] if item.context else []
        return [*before, *tokens.sot_sequence, tokens.no_timestamps, *item.prefix]

    def _tokenizer(self, language: str, task: str) -> Tokenizer:
        return Tokenizer(self._text, self._multilingual, task=task, language=language)

    def _may_be_short(self, language: str | None) -> bool:
        """Whether an utterance may have a short window; not known yet counts as it may."""
        languages = self._short_languages
        return languages is None or (bool(languages) if language is None else language in languages)

    def _measure_guard(self) -> frozenset[str] | None:
        """Give the languages that may have a short window; None stands for all."""
        if self._options.short_context == "on":
            return None
        if self._options.short_context == "off":
            return frozenset()
        probe = np.zeros((1, self.n_mels, 100), np.float32)
        encoded = self._model.encode(ctranslate2.StorageView.from_array(probe))
        return MEASURED.get(encoded.shape[2], frozenset())


def cuda_devices() -> int:
    """Count the CUDA devices that CTranslate2 sees."""
    count: int = ctranslate2.get_cuda_device_count()
    return count


def _load(folder: Path, options: WhisperOptions) -> Any:
    """Load in a helper thread that ends.

    Loaded in a thread that stays, an idle OpenMP team stays with it and decoding on two threads
    takes a third longer (measured: 2.10 s a recording against 1.59 s).
    """
    device = options.device
    if device == "auto":
        device = "cuda" if cuda_devices() else "cpu"
    compute_type = options.compute_type
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    loaded: list[Any] = []
    failed: list[Exception] = []

    def load() -> None:
        try:
            loaded.append(
                ctranslate2.models.Whisper(
                    str(folder),
                    device=device,
                    compute_type=compute_type,
                    inter_threads=options.lanes,
                    intra_threads=options.threads,
                )
            )
        except Exception as error:
            failed.append(error)

    helper = threading.Thread(target=load, name="whisper-load")
    helper.start()
    helper.join()
    if failed:
        raise failed[0]
    return loaded[0]


def _limit(item: DecodeItem) -> int:
    """New tokens that the speech may need: 10 a second is more than anybody speaks."""
    if item.full_window:
        return MOST_TOKENS
    speech_ms: int = item.features.shape[1] * FRAME_MS
    return min(MOST_TOKENS, 8 + speech_ms * 10 // 1000)
