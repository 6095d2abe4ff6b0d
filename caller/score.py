"""Word error rates, with the normaliser of Whisper on both sides."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import jiwer

__all__ = ["Score", "normalise", "score"]


@dataclass(frozen=True)
class Score:
    """Word errors pooled over some texts; `wer` is errors through words of the reference.

    ``lost`` of the errors are words that have nothing in their place.
    """

    errors: int
    words: int
    lost: int = 0

    @property
    def wer(self) -> float:
        """Word error rate; 0 when nothing was to be said and nothing was heard."""
        if self.words == 0:
            return float(self.errors > 0)
        return self.errors / self.words


def normalise(text: str) -> str:
    """English text as words alone: case, punctuation, numbers and spellings made the same.

    Times of day are put apart first: the normaliser joins "10:15" into one number and "ten
    fifteen" into another.
    """
    return _normaliser()(text.replace(":", " ")).strip()


def score(pairs: Sequence[tuple[str, str]]) -> Score:
    """Scores (reference, hypothesis) pairs together."""
    errors = words = lost = 0
    for reference, hypothesis in pairs:
        wanted, heard = normalise(reference), normalise(hypothesis)
        words += len(wanted.split())
        if not wanted:  # jiwer refuses an empty reference
            errors += len(heard.split())
            continue
        measured = jiwer.process_words(wanted, heard)
        lost += measured.deletions
        errors += measured.substitutions + measured.deletions + measured.insertions
    return Score(errors, words, lost)


class _Normaliser(Protocol):
    def __call__(self, s: str) -> str: ...


@cache
def _normaliser() -> _Normaliser:
    # whisper_normalizer 0.1.15 has an unescaped backslash in a docstring: Python warns when it
    # compiles the module for the first time, and a warning is an error in the tests.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)  # the same, as Python 3.11 says it
        from whisper_normalizer.english import EnglishTextNormalizer
    normaliser: _Normaliser = EnglishTextNormalizer()
    return normaliser
