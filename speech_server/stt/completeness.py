"""How likely a turn is over, by how it sounds and by how its text ends."""

import math
from dataclasses import dataclass
from typing import Final

QUESTION_MARKS: Final = ("?", "？", "؟")
SENTENCE_ENDS: Final = (".", "!", "。", "！", "।", "۔")
TRAILING_OFF: Final = ("...", "…")

SENTENCE_WORDS: Final = 3
"""Words that make a text whose marks tell something: "What?" may begin a sentence that Whisper has
not heard the end of, and after "Stop" it leaves the full stop out."""

SURE: Final = 1e-4
"""As near to never and to always as the sound's probability is believed."""

_BIAS: Final = 0.08
_BY_SOUND: Final = 0.38
_BY_QUESTION: Final = 3.0
_BY_SENTENCE: Final = 1.28
_BY_WORDS_ALONE: Final = 0.56


@dataclass(slots=True)
class Turn:
    """What is known in a pause.

    Attributes:
        sound: What the end-of-turn model gives, 0 to 1; None before it was asked.
        text: Of the preflight; empty before there is one.
    """

    sound: float | None = None
    text: str = ""

    @property
    def probability(self) -> float | None:
        """Probability, 0 to 1, that the turn is over; None without that of the sound.

        Logistic in the sound's log-odds and in the mark at the text's end, fitted to the silences
        of recordings (ADR 0024). A language that is written without spaces has few words here, and
        is judged by its sound.
        """
        if self.sound is None:
            return None
        sound = min(max(self.sound, SURE), 1 - SURE)
        odds = _BIAS + _BY_SOUND * math.log(sound / (1 - sound)) + _by_text(self.text)
        return 1 / (1 + math.exp(-odds))


def _by_text(text: str) -> float:
    """Give what a text adds to the log-odds."""
    text = text.rstrip()
    if len(text.split()) < SENTENCE_WORDS:
        return _BY_WORDS_ALONE
    if text.endswith(QUESTION_MARKS):
        return _BY_QUESTION
    if text.endswith(SENTENCE_ENDS) and not text.endswith(TRAILING_OFF):
        return _BY_SENTENCE
    return 0.0
