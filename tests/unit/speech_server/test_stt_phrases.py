"""Phrases that are expected: what they make likelier, and what a client may say of them."""

import grpc
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2 as pb

from speech_server.engines.base import Phrase
from speech_server.engines.whisper.phrases import OPENING, Expected
from speech_server.services.recognition_messages import USUAL_BOOST
from tests.support.stt_rig import FakeEngine, config, finals, pieces, rig, voice


def test_a_phrase_may_begin_anywhere_and_goes_on_where_it_began():
    expected = Expected([Phrase((1, 2, 3), 4.0)])
    begins = {1: 4.0 * OPENING}
    assert expected.likelier([]) == begins
    assert expected.likelier([7, 8]) == begins
    assert expected.likelier([7, 1]) == {**begins, 2: 4.0}
    assert expected.likelier([1, 2]) == {**begins, 3: 4.0}
    assert expected.likelier([2]) == begins


def test_a_phrase_that_was_just_said_does_not_begin_again():
    expected = Expected([Phrase((1, 2), 4.0), Phrase((1,), 3.0)])
    assert expected.likelier([1, 2]) == {1: 3.0 * OPENING}
    assert expected.likelier([1, 2, 7]) == {1: 4.0 * OPENING}


def test_the_greatest_gain_of_a_token_counts():
    expected = Expected([Phrase((1, 2), 4.0), Phrase((1, 2, 5), 2.0), Phrase((1, 6), 1.0)])
    assert expected.likelier([1]) == {1: 4.0 * OPENING, 2: 4.0, 6: 1.0}


def test_a_phrase_that_repeats_its_beginning_may_begin_anew_in_itself():
    expected = Expected([Phrase((1, 1, 2), 4.0)])
    assert expected.likelier([1, 1]) == {1: 4.0, 2: 4.0}


async def expected(engine: FakeEngine, *contexts: pb.SpeechContext) -> tuple[Phrase, ...]:
    """Speak with these contexts; give what the engine was told to expect."""
    async with rig(engine) as server:
        talk = config(speech_contexts=contexts)
        assert len(finals(await server.talk(talk, *pieces(voice(0.5))))) == 1
    return engine.batches[-1][-1].phrases


async def test_phrases_gain_the_usual_or_what_the_client_says():
    found = await expected(
        FakeEngine(),
        pb.SpeechContext(phrases=["Trinity", " "]),
        pb.SpeechContext(phrases=["two words"], boost=1.5),
    )
    assert found == (
        Phrase(tuple(b" Trinity"), USUAL_BOOST),
        Phrase(tuple(b" two words"), 1.5),
        Phrase(tuple(b" Two words"), 1.5),
    )


async def test_an_engine_that_weighs_no_phrases_takes_them_without_a_weight():
    engine = FakeEngine()
    engine.weighs_phrases = False
    assert await expected(engine, pb.SpeechContext(phrases=["Trinity"])) == ()
    assert engine.batches[-1][-1].context == tuple(b" Trinity")
    async with rig(engine) as server:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            weighted = pb.SpeechContext(phrases=["Trinity"], boost=3)
            await server.talk(config(speech_contexts=[weighted]))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "boost" in caught.value.details()
