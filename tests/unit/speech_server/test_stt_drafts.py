"""What is found in less audio is handed to the next decode of the same utterance."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from speech_server.engines.base import DecodeItem, Hypothesis
from speech_server.scheduling.scheduler import Priority, Scheduler
from speech_server.stt.stability import StablePrefix
from speech_server.telemetry import Metrics
from tests.support.stt_rig import FakeEngine, config, finals, pieces, rig, silence, voice


def said(*tokens: int) -> Hypothesis:
    return Hypothesis(text=" ".join(map(str, tokens)), tokens=tokens)


def test_the_newest_is_the_draft():
    heard = StablePrefix()
    assert heard.draft == ()
    heard.hear(said(1, 2, 3), 1000)
    heard.hear(said(1, 2, 4, 5), 1500)
    assert heard.draft == (1, 2, 4, 5)
    assert heard.tokens == ()


async def test_a_decode_has_what_was_shown_last_of_its_own_utterance():
    engine = FakeEngine()

    def answer(item: DecodeItem) -> Hypothesis:
        return Hypothesis(text=f"heard {item.own_ms} ms", tokens=(item.own_ms,), language="en")

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(interim_results=True)
        for request in pieces(voice(1.6)):
            yield request
        await asyncio.sleep(0.3)  # what was heard is shown meanwhile
        for request in pieces(silence(1.2) + voice(0.8) + silence(1.2)):
            yield request

    engine.answer = answer
    async with rig(engine) as server:
        assert len(finals(await server.talk_over(speak()))) == 2
    items = [item for batch in engine.batches for item in batch]
    lengths = [item.own_ms for item in items]
    second = next(at for at in range(1, len(items)) if lengths[at] < lengths[at - 1])
    for at, item in enumerate(items):
        own = lengths[0 if at < second else second : at]
        assert item.draft == () or item.draft[0] in own
    assert items[second].draft == ()
    assert any(item.draft for item in items[:second])


async def test_tokens_are_counted_by_how_they_were_found():
    engine, metrics = FakeEngine(), Metrics()
    engine.answer = lambda item: replace(said(1, 2, 3, 4), kept_tokens=len(item.draft[1:]))
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=metrics)
    window = DecodeItem(np.zeros((80, 100), np.float32))
    await scheduler.submit(replace(window, prefix=(1,), draft=(1, 2, 3)), Priority.FINAL, "a")
    await scheduler.submit(window, Priority.FINAL, "a")
    await asyncio.to_thread(scheduler.close)
    assert metrics.stt_tokens.labels("kept")._value.get() == 2
    assert metrics.stt_tokens.labels("searched")._value.get() == 1 + 4
