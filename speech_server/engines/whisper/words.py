"""From Whisper's tokens to words: where each ends in the text, and when it was said."""

import unicodedata
from typing import Any, Final

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from speech_server.engines.base import Word

TOKEN_MS: Final = 20
"""Time of one position of the encoder's output."""

ENDING_MARKS: Final = frozenset('.,;:!?…-–—)]}"”»、。，；：！？）」』')
"""Punctuation that a text does not begin with."""


def split_words(
    tokenizer: Tokenizer, tokens: tuple[int, ...]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Give the text, and after how many tokens and characters each of its words ends."""
    text = tokenizer.decode(list(tokens))
    stripped = text.strip()
    lead = len(text) - len(text.lstrip())
    parts, part_tokens = tokenizer.split_to_word_tokens(list(tokens))
    ends: list[tuple[int, int]] = []
    token_count, chars = 0, -lead
    for part, numbers in zip(parts, part_tokens, strict=True):
        token_count += len(numbers)
        chars += len(part)
        # Tokens that make no whole character decode differently alone and in the text.
        if chars > 0 and stripped[:chars] == text[lead : lead + chars]:
            ends.append((token_count, min(chars, len(stripped))))
    return stripped, tuple(ends)


def without_lead(tokenizer: Tokenizer, tokens: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out the punctuation at the head that ends what was said before."""
    for at, token in enumerate(tokens):
        if not set(tokenizer.decode([token]).strip()) <= ENDING_MARKS:
            return tokens[at:]
    return ()


def timed_words(
    tokenizer: Tokenizer, before: tuple[int, ...], tokens: tuple[int, ...], alignment: Any
) -> tuple[Word, ...]:
    """Give the words with their times within the window and their mean token probability.

    Args:
        tokenizer: Of the model.
        before: Tokens that the alignment begins with and whose words are not asked for.
        tokens: Those that come after them.
        alignment: A path of (token, position) pairs; a token begins where the path reaches it.
    """
    pairs = np.asarray(alignment.alignments)
    if not tokens or not len(pairs):
        return ()
    first = np.concatenate([[True], np.diff(pairs[:, 0]) > 0])
    starts_ms = pairs[first, 1] * TOKEN_MS
    last_ms = int(pairs[-1, 1] + 1) * TOKEN_MS
    parts, part_tokens = tokenizer.split_to_word_tokens(list(tokens))
    words: list[Word] = []
    at = len(before)
    for part, numbers in zip(parts, part_tokens, strict=True):
        end = at + len(numbers)
        begin_ms = int(starts_ms[at]) if at < len(starts_ms) else last_ms
        end_ms = int(starts_ms[end]) if end < len(starts_ms) else last_ms
        word = Word(
            text=part.strip(),
            start_ms=begin_ms,
            end_ms=max(begin_ms, end_ms),
            confidence=float(np.mean(alignment.text_token_probs[at:end])),
        )
        at = end
        if words and _is_punctuation(word.text):
            last = words[-1]
            words[-1] = Word(last.text + word.text, last.start_ms, last.end_ms, last.confidence)
        elif word.text:
            words.append(word)
    return tuple(words)


def _is_punctuation(text: str) -> bool:
    return bool(text) and all(unicodedata.category(char).startswith("P") for char in text)
