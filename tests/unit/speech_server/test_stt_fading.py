"""What is decoded where a voice fades, before it is silent."""

import asyncio
from collections.abc import AsyncIterator

from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from tests.support.stt_rig import FakeEngine, config, faint, finals, pieces, rig, silence, voice

FADED = pieces(voice(0.8) + faint(0.064), 1024)
"""Speech in windows of the voice detector, the last two of which may or may not be voice."""


def asked(engine: FakeEngine) -> list[int]:
    """Milliseconds of each window that was decoded at final quality."""
    batches = [item for batch in engine.batches for item in batch]
    return [10 * item.features.shape[1] for item in batches if not item.interim]


async def talk(
    engine: FakeEngine, after: bytes, *, interims: bool = True
) -> list[pb.TranscribeResponse]:
    """Let a voice fade, and go on once that is being decoded, if it ever is."""

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(interim_results=interims)
        for request in FADED:
            yield request
        await asyncio.sleep(0.3)
        for request in pieces(after):
            yield request

    async with rig(engine) as server:
        return await server.talk_over(speak())


async def test_what_was_begun_in_the_fade_is_the_preflight_and_the_final():
    engine = FakeEngine()
    responses = await talk(engine, silence(1.5))
    (done,) = finals(responses)
    (preflight,) = [r.result for r in responses if r.result.preflight]
    assert done.transcript == preflight.transcript
    assert preflight.end_ms == 832
    assert asked(engine) == [820]


async def test_a_voice_that_goes_on_is_decoded_to_its_end():
    engine = FakeEngine()
    responses = await talk(engine, voice(0.5) + silence(1.5))
    (done,) = finals(responses)
    assert done.transcript != "82 frames"
    shown = [r.result for r in responses if r.HasField("result") and not r.result.is_final]
    assert any(r.transcript == "82 frames" and not r.preflight for r in shown)
    assert asked(engine)[0] == 820
    assert asked(engine)[-1] > 1300


async def test_a_stream_without_interims_is_decoded_at_its_end_alone():
    engine = FakeEngine()
    await talk(engine, silence(1.5), interims=False)
    assert len(asked(engine)) == 1
    assert asked(engine)[0] > 820


async def test_while_another_caller_needs_the_model_nothing_is_begun_early():
    engine = FakeEngine()
    async with rig(engine) as server:
        engine.gate.clear()
        # Its final is being decoded, for as long as the gate is closed.
        other = asyncio.create_task(server.talk(config(), *pieces(voice(0.8) + silence(1.0))))
        assert await asyncio.to_thread(engine.entered.wait, 10)

        async def speak() -> AsyncIterator[pb.TranscribeRequest]:
            yield config(interim_results=True)
            for request in FADED:
                yield request
            await asyncio.sleep(0.3)
            engine.gate.set()
            for request in pieces(silence(1.5)):
                yield request

        responses = await server.talk_over(speak())
        await other
    assert len(finals(responses)) == 1
    assert 820 not in asked(engine)
