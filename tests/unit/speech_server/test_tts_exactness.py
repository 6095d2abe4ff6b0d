"""That windows of the real voice give what its whole graph gives, alone and beside others."""

from collections.abc import Iterator

import numpy as np
import pytest

from bench.tts.whole_graph import pieces_of
from speech_server.engines.piper import (
    Phonemizer,
    decibels,
    to_ids,
)
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance
from tests.support.real_voice import real_voice

EXACT_DB = 90.0
MANNER = Manner(1.0, 0.667, 0.8, 0)
EDGE_FRAMES = 4
TAIL_FRAMES = 20
TEXTS = [
    "Yes.",
    "One moment.",
    "That is a good question.",
    "Please hold the line.",
    "I will call you back soon.",
    "The second bus is late again today.",
    "Your order was sent this morning.",
    "Nobody could say where the key had been.",
    "Is there a table for four people on Friday evening?",
    "It costs twelve dollars, and the way back is free.",
    "He put the letters into the drawer and left the house without a word.",
    "In the night there are only buses, and they stop in front of the theatre.",
    "Here is a sentence of middling length, that is to say some seconds of it.",
    "Why should a small garden need more water than a large field of wheat?",
    "The doctor has time at ten, at noon, and again at a quarter past three.",
    "When you have read all of it, please sign the last page and send it back to us, so that "
    "we can begin with the work on your roof before the weather turns.",
]


class Spoken:
    """The texts as the whole graph says them."""

    def __init__(self) -> None:
        voice, reference = real_voice()
        self.voice = voice
        phonemizer = Phonemizer(voice.config, len(TEXTS))
        self._ids = [
            to_ids(phonemizer.phonemes(text), voice.config.phoneme_ids)[0] for text in TEXTS
        ]
        self.whole: list[np.ndarray] = []
        for number, (ids, one) in enumerate(zip(self._ids, self.utterances(), strict=True)):
            one.begin(voice.encode([one.text_row()])[0])
            self.whole.append(reference.speak(voice, ids, MANNER, number, one.total_frames))

    def utterances(self) -> list[Utterance]:
        """The texts, not yet begun."""
        return [
            Utterance(self.voice, ids, MANNER, Noise(number, 0))
            for number, ids in enumerate(self._ids)
        ]


@pytest.fixture(scope="module")
def spoken() -> Iterator[Spoken]:
    yield Spoken()


@pytest.mark.models
def test_the_real_voice_is_cut_in_three(spoken: Spoken) -> None:
    voice = spoken.voice
    assert (voice.stages, voice.flow_reach, voice.decoder_reach, voice.hop) == (3, 32, 11, 256)


@pytest.mark.models
@pytest.mark.parametrize(
    ("widths", "together", "single"),
    [
        pytest.param((32, 56, 96, 256), False, False, id="alone"),
        pytest.param((32, 56, 96, 128), False, True, id="beside others"),
        pytest.param((32, 56, 96, 128), True, False, id="in a batch"),
    ],
)
def test_windows_are_exact_at_every_edge_and_at_the_tail(
    spoken: Spoken, widths: tuple[int, ...], together: bool, single: bool
) -> None:
    hop = spoken.voice.hop
    pieces = pieces_of(spoken.utterances(), widths, together=together, single=single)
    for text, whole, made in zip(TEXTS, spoken.whole, pieces, strict=True):
        samples = np.concatenate(made)
        assert samples.shape == whole.shape, text
        assert decibels(whole, samples) > EXACT_DB, text
        tail = slice(-TAIL_FRAMES * hop, None)
        assert decibels(whole[tail], samples[tail]) > EXACT_DB, text
        near = np.zeros(len(samples), np.bool_)
        for edge in np.cumsum([len(piece) for piece in made])[:-1]:
            near[max(0, edge - EDGE_FRAMES * hop) : edge + EDGE_FRAMES * hop] = True
        if near.any():
            assert decibels(whole[near], samples[near]) > EXACT_DB, text


@pytest.mark.models
def test_a_batch_has_the_rhythm_of_each_alone(spoken: Spoken) -> None:
    """A duration that is rounded otherwise would shift all that follows."""
    together, alone = spoken.utterances(), spoken.utterances()
    rows = [one.text_row() for one in together]
    for one, prior in zip(together, spoken.voice.encode(rows), strict=True):
        one.begin(prior)
    for one, other in zip(together, alone, strict=True):
        other.begin(spoken.voice.single.encode([other.text_row()])[0])
        assert np.array_equal(one.id_frames, other.id_frames)
