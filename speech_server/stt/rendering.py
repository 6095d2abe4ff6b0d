"""From what the model made of an utterance to what the client is told."""

from dataclasses import replace

from speech_server.engines.base import Hypothesis, Word
from speech_server.stt.gate import confidence, judge
from speech_server.stt.results import FinalizeReason, Result
from speech_server.stt.utterance import Utterance


def is_speech(utterance: Utterance, hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis has words that the evidence lets pass."""
    held = judge(hypothesis, voiced_ms=utterance.voiced_ms, voice=utterance.voice)
    return bool(hypothesis.text) and held is None


def to_result(
    utterance: Utterance,
    hypothesis: Hypothesis,
    *,
    end_ms: int,
    audio_ms: int,
    preflight: bool = False,
    final: FinalizeReason | None = None,
    hit: bool = False,
) -> Result:
    """Make the next result of an utterance; counts its revision."""
    filtered = judge(hypothesis, voiced_ms=utterance.voiced_ms, voice=utterance.voice)
    # What was called stable is kept even if the rest is not to be trusted.
    text = utterance.stable.text if filtered else hypothesis.text
    return Result(
        utterance_id=utterance.id,
        revision=utterance.next_revision(),
        text=text,
        start_ms=utterance.start_ms,
        end_ms=max(utterance.start_ms, end_ms),
        audio_ms=audio_ms,
        hypothesis=hypothesis,
        stability=1.0 if final else 0.9 if preflight else 0.0,
        stable_chars=len(text) if final else len(utterance.stable.text),
        preflight=preflight,
        final=final,
        filtered=None if text else filtered,
        end_of_turn=utterance.turn.probability,
        speculative_hit=hit,
        confidence=confidence(hypothesis) if text else 0.0,
        words=_on_stream_clock(utterance, hypothesis) if final and not filtered else (),
    )


def _on_stream_clock(utterance: Utterance, hypothesis: Hypothesis) -> tuple[Word, ...]:
    """Move the words' times to the stream's clock; none was said before the speech began."""
    return tuple(
        replace(
            word,
            start_ms=max(word.start_ms + utterance.from_ms, utterance.start_ms),
            end_ms=max(word.end_ms + utterance.from_ms, utterance.start_ms),
        )
        for word in hypothesis.words
    )
