"""An utterance that goes on from what was said before is decoded with it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from speech_server.engines.base import Before, DecodeItem, Hypothesis
from speech_server.stt.recent import GAP_MS, MOST_MS, Piece, Recent
from tests.support.stt_rig import FORCE, FakeEngine, config, finals, pieces, rig, silence, voice


class Speaker(FakeEngine):
    """Makes one token a window, the number of the windows before it."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = lambda item: replace(FakeEngine._frames(item), tokens=(self.count(item),))

    def count(self, item: DecodeItem) -> int:
        items = [one for batch in self.batches for one in batch]
        return next(at for at, one in enumerate(items) if one is item)

    def befores(self) -> list[tuple[int, tuple[int, ...]]]:
        items = [item for batch in self.batches for item in batch]
        return [(10 * item.before.frames, item.before.tokens) for item in items]

    def lengths(self) -> list[int]:
        return [10 * item.features.shape[1] for batch in self.batches for item in batch]


SAID = voice(0.8)
ENDED = silence(1.0)


async def hear(engine: FakeEngine, *parts: bytes | pb.TranscribeRequest, **fields: object) -> int:
    """Talk; gives how many utterances became finals."""

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(**fields)
        for part in parts:
            for request in pieces(part) if isinstance(part, bytes) else [part]:
                yield request

    async with rig(engine) as server:
        return len(finals(await server.talk_over(speak())))


async def test_what_follows_a_pause_is_decoded_with_what_came_before_it():
    engine = Speaker()
    assert await hear(engine, SAID, ENDED, SAID, ENDED, SAID, ENDED) == 3
    (first, second, third) = engine.befores()
    assert first == (0, ())
    # From the padding before the first word to that of the next.
    assert second == (pytest.approx(1400, abs=100), (0,))
    assert third == (pytest.approx(3200, abs=100), (0, 1))
    # Its padding is longer than that of who speaks at once.
    lengths = engine.lengths()
    assert lengths[1] - second[0] == pytest.approx(lengths[0] + 400, abs=100)


async def test_what_was_said_long_before_is_not_heard_again():
    engine = Speaker()
    assert await hear(engine, SAID, silence(2.7 + GAP_MS / 1000), SAID, ENDED) == 2
    assert engine.befores() == [(0, ())] * 2


async def test_no_more_is_heard_again_than_fits():
    engine = Speaker()
    said = voice(MOST_MS / 3000)
    assert await hear(engine, *[said, ENDED] * 4) == 4
    assert [tokens for _, tokens in engine.befores()] == [(), (0,), (1,), (2,)]
    assert max(engine.lengths()) <= MOST_MS


async def test_a_language_that_is_not_known_or_another_is_begun_anew():
    engine = Speaker()
    await hear(engine, SAID, ENDED, SAID, ENDED, language_code="")
    assert engine.befores() == [(0, ())] * 2
    engine = Speaker()
    await hear(engine, SAID, ENDED, config(language_code="de"), SAID, ENDED, SAID, ENDED)
    assert [tokens for _, tokens in engine.befores()] == [(), (), (1,)]


async def test_what_was_held_back_as_no_speech_is_not_gone_on_from():
    engine = Speaker()
    said = engine.answer

    def answer(item: DecodeItem) -> Hypothesis:
        return replace(said(item), avg_logprob=-3.0 if engine.count(item) == 0 else -0.1)

    engine.answer = answer
    await hear(engine, SAID, ENDED, SAID, ENDED, SAID, ENDED)
    assert [tokens for _, tokens in engine.befores()] == [(), (), (1,)]


async def test_what_waits_for_its_final_is_not_waited_for():
    engine = Speaker()
    engine.delay_s = 0.5
    await hear(engine, SAID, FORCE, SAID, FORCE)
    assert engine.befores() == [(0, ())] * 2


async def test_where_nothing_is_found_after_what_was_said_it_is_left_out():
    engine = Speaker()
    said = engine.answer

    def answer(item: DecodeItem) -> Hypothesis:
        return replace(said(item), fault="misled" if item.before.tokens else "")

    engine.answer = answer
    assert await hear(engine, SAID, ENDED, SAID, ENDED) == 2
    assert [tokens for _, tokens in engine.befores()] == [(), (0,), ()]
    lengths = engine.lengths()
    assert lengths[2] == lengths[1] - engine.befores()[1][0]


def test_what_is_recent():
    recent = Recent()
    assert recent.before(0) == ()
    assert recent.from_ms(70) == 70
    one, two = Piece(100, 900, (1,)), Piece(1500, 2500, (2,))
    recent.note(one)
    recent.note(two)
    assert recent.before(3000) == (one, two)
    assert recent.from_ms(3000) == 100
    assert recent.before(2500 + GAP_MS) == (one, two)
    assert recent.before(2501 + GAP_MS) == ()
    assert recent.from_ms(2501 + GAP_MS) == 2501 + GAP_MS
    late = Piece(100 + MOST_MS, 200 + MOST_MS, (3,))
    recent.note(late)
    assert recent.before(300 + MOST_MS) == (late,)
    recent.clear()
    assert recent.before(300 + MOST_MS) == ()


def test_a_window_without_what_came_before():
    item = DecodeItem(np.zeros((80, 50), np.float32), before=Before(20, (1, 2)), prefix=(3,))
    assert (item.seconds, item.own_ms) == (0.5, 300)
    alone = item.alone()
    assert (alone.seconds, alone.own_ms, alone.before, alone.prefix) == (0.3, 300, Before(), (3,))
    assert alone.features.shape == (80, 30)
