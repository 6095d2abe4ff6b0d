"""Whether a hypothesis was spoken, judged by evidence and never by its length.

Whisper writes text for noise. What shows it: hardly any voiced audio; the model's own doubt that
there was speech together with unsure words; text that repeats itself even over the full window.
Phrases that Whisper is known to write for silence are held back only where the evidence is weak
as well: a caller who says "thank you" is heard.
"""

import math
import re
import unicodedata
from typing import Final

from speech_server.engines.base import Hypothesis
from speech_server.stt.results import FilteredReason

LEAST_VOICED_MS: Final = 96
DOUBT_NO_SPEECH: Final = 0.5
DOUBT_LOGPROB: Final = -0.7
"""Of 360 utterances of speech none that had more than 0.5 of doubt had less than -0.5 here."""
HOPELESS_LOGPROB: Final = -1.6
WEAK_VOICE: Final = 0.7
WEAK_NO_SPEECH: Final = 0.3
WEAK_LOGPROB: Final = -0.7
FEWEST_TIMED: Final = 3
INSTANT_MS: Final = 40
MOST_INSTANT: Final = 0.6

SILENCE_PHRASES: Final = frozenset(
    {
        "thank you", "thanks for watching", "thank you for watching", "you", "bye", "bye bye",
        "please subscribe", "subscribe", "thank you very much", "the end", "so", "oh",
        "subtitles by the amara org community", "i m sorry", "thank you so much",
        "untertitel der amara org community", "sous titres realises par la communaute d amara org",
        "subtitulos por la comunidad de amara org", "ご視聴ありがとうございました", "字幕by索兰娅",
    }
)  # fmt: skip


def judge(hypothesis: Hypothesis, *, voiced_ms: int, voice: float) -> FilteredReason | None:
    """Say why a hypothesis is to be held back, or None.

    Args:
        hypothesis: What the model made of the utterance.
        voiced_ms: Audio of the utterance at or above the start threshold.
        voice: Mean voice probability of those windows.
    """
    if not hypothesis.text:
        return None
    if voiced_ms < LEAST_VOICED_MS:
        return FilteredReason.NO_VOICE
    if hypothesis.fault in {"loop", "compression", "limit"}:
        return FilteredReason.LOOP
    if hypothesis.no_speech_prob > DOUBT_NO_SPEECH and hypothesis.avg_logprob < DOUBT_LOGPROB:
        return FilteredReason.LOW_CONFIDENCE
    if hypothesis.avg_logprob < HOPELESS_LOGPROB:
        return FilteredReason.LOW_CONFIDENCE
    if _impossible(hypothesis):
        return FilteredReason.IMPOSSIBLE_TIMES
    weak = (
        voice < WEAK_VOICE
        or hypothesis.no_speech_prob > WEAK_NO_SPEECH
        or hypothesis.avg_logprob < WEAK_LOGPROB
    )
    if weak and _plain(hypothesis.text) in SILENCE_PHRASES:
        return FilteredReason.LOW_CONFIDENCE
    return None


def _impossible(hypothesis: Hypothesis) -> bool:
    """Whether most words take no time at all: the audio has no place for them."""
    words = hypothesis.words
    if len(words) < FEWEST_TIMED:
        return False
    instant = sum(word.end_ms - word.start_ms < INSTANT_MS for word in words)
    return instant > len(words) * MOST_INSTANT


def confidence(hypothesis: Hypothesis) -> float:
    """Confidence of the whole text: the mean probability of a token."""
    return min(1.0, math.exp(hypothesis.avg_logprob)) if hypothesis.text else 0.0


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", kept).strip()
