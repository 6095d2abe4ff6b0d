"""Whisper, in ONNX Runtime or in CTranslate2: windows in, texts out.

The encoder takes any length up to 30 s, so a window is the speech and a margin of silence and
not 30 s. Without the margin the decoder loops; with it and a retry over longer windows
nothing is lost on the model and language where it was measured, and the encoder costs a quarter.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import tokenizers
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from speech_server.audio.log_mel import FRAME_MS, silence
from speech_server.engines.base import DecodeItem, Hypothesis, Wanted, Word
from speech_server.engines.whisper.checks import find_fault, is_misled, says_twice
from speech_server.engines.whisper.ct2 import CTranslate2Model, as_floats, on_device
from speech_server.engines.whisper.decoder import Decoded, Marks
from speech_server.engines.whisper.packed import PackedModel
from speech_server.engines.whisper.weights import Floats, UnknownWeights
from speech_server.engines.whisper.words import split_words, timed_words, without_lead

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
Backend = Literal["auto", "onnxruntime", "ctranslate2"]


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
    """Let CTranslate2 make tokens on one thread, whatever encodes: its steps are too small to
    share, and two threads took a third longer for them (base int8: 130 ms an utterance against 97).
    Interims are encoded there too, for a third less computing. The model is loaded a second time
    for it; ONNX Runtime needs none of this."""
    backend: Backend = "auto"
    """What encodes and makes tokens; auto is ONNX Runtime for eight bits on a CPU, if it knows the
    weights. Times of words and languages come from CTranslate2."""
    beam: int = 1
    """Hypotheses that are followed of what is no interim."""
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
        ValueError: The backend that was asked for has no such arithmetic or weights.
        FileNotFoundError: A file of it is missing.
    """

    def __init__(self, folder: Path, options: WhisperOptions) -> None:
        for file in ("model.bin", "config.json", "tokenizer.json"):
            if not (folder / file).is_file():
                raise FileNotFoundError(f"{folder} holds no {file}")
        self.name = options.name
        self._options = options
        self._narrow = self._load(folder, 1 if options.narrow_decoder else options.threads)
        self.device = self._narrow.device
        self.compute_type = self._narrow.compute_type
        self.n_mels = self._narrow.n_mels
        self._multilingual = self._narrow.is_multilingual
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
        self._marks = self._read_marks(folder)
        self._packed = self._pack(folder)
        self.backend = "onnxruntime" if self._packed else "ctranslate2"
        self.takes_all_cores = self._packed is not None
        self.weighs_phrases = self._packed is not None
        self._wide = self._narrow
        if options.narrow_decoder and not self._packed:
            self._wide = self._load(folder, options.threads)
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

    def decode(
        self, items: Sequence[DecodeItem], wanted: Wanted | None = None
    ) -> list[Hypothesis] | None:
        """Decode a batch without timestamps; None when it is not wanted any more.

        CTranslate2 cannot be stopped while it encodes or makes tokens.
        """
        wanted = wanted or Wanted()
        frames = self.bucket(items[0])
        window = np.empty((len(items), self.n_mels, frames), np.float32)
        for row, item in enumerate(items):
            length = min(frames, item.features.shape[1])
            window[row, :, :length] = item.features[:, :length]
            window[row, :, length:] = silence(item.features)
        began = time.perf_counter()
        encoded = self._encode(window, wanted, interim=items[0].interim)
        if encoded is None or not wanted():
            return None
        languages = self._languages(encoded, items)
        encoded_at = time.perf_counter()
        prompts = [
            self._prompt(item, language)
            for item, (language, _) in zip(items, languages, strict=True)
        ]
        told = [len(item.before.tokens) for item in items]
        limits = [_limit(item) for item in items]
        width = 1 if items[0].interim else self._options.beam
        results: list[Decoded] | None
        if self._packed:
            results = self._packed.decoder.decode(
                as_floats(encoded),
                prompts,
                max(limits),
                width=width,
                wanted=wanted,
                drafts=[_beyond_prefix(item) for item in items],
                before=told,
                phrases=[item.phrases for item in items],
            )
        else:
            results = self._narrow.decode(
                encoded, prompts, self._marks, max(limits), width=width, before=told
            )
        if results is None:
            return None
        results = [
            replace(result, tokens=without_lead(self._tokens, result.tokens)) if some else result
            for some, result in zip(told, results, strict=True)
        ]
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
        self._narrow.close()
        self._wide.close()
        if self._packed:
            self._packed.close()

    def _load(self, folder: Path, threads: int) -> CTranslate2Model:
        return CTranslate2Model(
            folder,
            device=self._options.device,
            compute_type=self._options.compute_type,
            threads=threads,
            lanes=self._options.lanes,
        )

    def _read_marks(self, folder: Path) -> Marks:
        tokens = self._tokens
        never = {
            *tokens.non_speech_tokens,
            tokens.transcribe,
            tokens.translate,
            tokens.sot,
            tokens.sot_prev,
            tokens.sot_lm,
            tokens.no_speech,
        }
        config = json.loads((folder / "config.json").read_text())
        return Marks(
            start=tokens.sot,
            end=tokens.eot,
            no_speech=tokens.no_speech,
            before_text=tokens.no_timestamps,
            never=tuple(sorted(never)),
            never_first=tuple(config.get("suppress_ids_begin", ())),
        )

    def _pack(self, folder: Path) -> PackedModel | None:
        """Open the model in ONNX Runtime where that is wanted."""
        wanted = self._options.backend
        on_eight_bits = self.device == "cpu" and self.compute_type.startswith("int8")
        if wanted == "ctranslate2" or (wanted == "auto" and not on_eight_bits):
            return None
        if not on_eight_bits:
            raise ValueError(
                f"ONNX Runtime has int8 on a CPU, not {self.compute_type} on {self.device}"
            )
        threads = self._options.threads or len(os.sched_getaffinity(0))
        try:
            return PackedModel(folder, self._marks, threads=threads)
        except UnknownWeights:
            if wanted == "auto":
                return None
            raise

    def _encode(self, window: Floats, wanted: Wanted, *, interim: bool = False) -> Any:
        """Encode windows, in CTranslate2's type; None when they are not wanted any more."""
        if self._packed:
            encoded = self._packed.encode(window, wanted)
            return None if encoded is None else on_device(encoded)
        return (self._narrow if interim else self._wide).encode(window)

    def _hypothesis(
        self,
        shared: Hypothesis,
        item: DecodeItem,
        result: Decoded,
        language: tuple[str, float],
        limit: int,
        words: tuple[Word, ...],
    ) -> Hypothesis:
        tokens = result.tokens
        tokenizer = self._tokenizer(language[0], item.options.task)
        text, word_ends = split_words(tokenizer, tokens)
        fault = find_fault(tokens[len(item.prefix) :], text, limit)
        before = item.before.tokens
        if before and is_misled(tokenizer.decode(list(before)), text):
            fault = "misled"
        if not fault and not item.full_window and not self._may_be_short(language[0]):
            fault = "language"
        if not fault and not item.interim and says_twice(text):
            fault = "twice"
        return replace(
            shared,
            text=text,
            tokens=tokens,
            word_ends=word_ends,
            words=words,
            avg_logprob=result.log_prob / (len(tokens) + 1),
            no_speech_prob=result.no_speech_prob,
            language=language[0],
            language_probability=language[1],
            fault=fault,
            kept_tokens=result.kept,
        )

    def _words(
        self,
        encoded: Any,
        items: Sequence[DecodeItem],
        languages: Sequence[tuple[str, float]],
        results: Sequence[Decoded],
    ) -> list[tuple[Word, ...]]:
        """Find when each word was said, where that was asked for."""
        if not items[0].options.words:
            return [()] * len(items)
        texts = [
            [*item.before.tokens, *result.tokens]
            for item, result in zip(items, results, strict=True)
        ]
        # A window of less than two frames ends the process (CTranslate2 #2065).
        frames = [max(LEAST_FRAMES, item.features.shape[1]) for item in items]
        found: dict[str, Sequence[Any]] = {}
        words: list[tuple[Word, ...]] = []
        for row, (language, _) in enumerate(languages):
            tokens = self._tokenizer(language, items[row].options.task)
            if language not in found:
                # One start sequence a call: with mixed languages each call aligns all rows.
                found[language] = self._narrow.align(encoded, tokens.sot_sequence, texts, frames)
            before = items[row].before
            timed = timed_words(tokens, before.tokens, results[row].tokens, found[language][row])
            words.append(_from(timed, before.frames * FRAME_MS))
        return words

    def _languages(self, encoded: Any, items: Sequence[DecodeItem]) -> list[tuple[str, float]]:
        if not self._multilingual:
            return [("en", 1.0) for _ in items]
        if all(item.language for item in items):
            return [(item.language or "", 1.0) for item in items]
        detected = self._narrow.detect_language(encoded)
        return [
            (item.language, 1.0) if item.language else best
            for item, best in zip(items, detected, strict=True)
        ]

    def _prompt(self, item: DecodeItem, language: str) -> list[int]:
        tokens = self._tokenizer(language, item.options.task)
        before = [tokens.sot_prev, *item.context] if item.context else []
        start = [*before, *tokens.sot_sequence, tokens.no_timestamps]
        return [*start, *item.before.tokens, *item.prefix]

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
        encoded = self._encode(np.zeros((1, self.n_mels, 100), np.float32), Wanted())
        return MEASURED.get(encoded.shape[2], frozenset())


def _beyond_prefix(item: DecodeItem) -> tuple[int, ...]:
    """Give what the draft has beyond the prefix, if it begins with that."""
    given = len(item.prefix)
    return item.draft[given:] if item.draft[:given] == item.prefix else ()


def _limit(item: DecodeItem) -> int:
    """New tokens that the speech may need: 10 a second is more than anybody speaks."""
    if item.full_window:
        return MOST_TOKENS
    return min(MOST_TOKENS, 8 + item.own_ms * 10 // 1000)


def _from(words: tuple[Word, ...], ms: int) -> tuple[Word, ...]:
    """Count the words' times from a moment of the window on."""
    if not ms:
        return words
    return tuple(
        replace(word, start_ms=max(0, word.start_ms - ms), end_ms=max(0, word.end_ms - ms))
        for word in words
    )
