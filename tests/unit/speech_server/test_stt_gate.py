import pytest

from speech_server.engines.base import Hypothesis
from speech_server.stt.gate import confidence, judge
from speech_server.stt.results import FilteredReason


def said(text: str, **fields: object) -> Hypothesis:
    return Hypothesis(text=text, **{"avg_logprob": -0.2, "no_speech_prob": 0.02, **fields})


@pytest.mark.parametrize("word", ["Yes.", "No.", "Okay.", "Stop.", "Thank you.", "You", "Bye."])
def test_short_words_that_were_spoken_are_kept(word):
    assert judge(said(word), voiced_ms=256, voice=0.92) is None


@pytest.mark.parametrize(
    ("hypothesis", "voiced_ms", "voice", "reason"),
    [
        (said("Hello there."), 64, 0.9, FilteredReason.NO_VOICE),
        (said("a a a a a a", fault="loop"), 900, 0.9, FilteredReason.LOOP),
        (
            said("Some words", no_speech_prob=0.8, avg_logprob=-1.2),
            900,
            0.9,
            FilteredReason.LOW_CONFIDENCE,
        ),
        (said("Some words", avg_logprob=-2.0), 900, 0.9, FilteredReason.LOW_CONFIDENCE),
        (said("Thank you."), 500, 0.55, FilteredReason.LOW_CONFIDENCE),
        (said("Thanks for watching!", no_speech_prob=0.5), 900, 0.9, FilteredReason.LOW_CONFIDENCE),
        (
            said("Sous-titres réalisés para la communauté d'Amara.org", avg_logprob=-0.2),
            900,
            0.9,
            None,
        ),
        (said("Long and plain words", no_speech_prob=0.8), 900, 0.9, None),
        (said(""), 0, 0.0, None),
    ],
)
def test_evidence_decides(hypothesis, voiced_ms, voice, reason):
    assert judge(hypothesis, voiced_ms=voiced_ms, voice=voice) is reason


def test_confidence_is_a_probability():
    assert 0.81 < confidence(said("yes")) < 0.82
    assert confidence(said("")) == 0
