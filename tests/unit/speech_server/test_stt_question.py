"""A question that was asked ends the turn, whatever the sound of it seems to say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from speech_server.engines.base import DecodeItem, Hypothesis
from speech_server.settings import Settings
from speech_server.stt.models import SttModels
from speech_server.stt.rendering import is_question
from speech_server.telemetry import Metrics
from tests.support.stt_rig import (
    FakeEngine,
    LoudnessVad,
    config,
    make_server,
    pieces,
    silence,
    voice,
)


class Doubtful:
    """Takes no turn for complete."""

    def probability(self, samples: np.ndarray) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("What's the weather like?", True),
        ("¿Dónde está la salida? ", True),
        ("Why?", False),
        ("I was asked why.", False),
        ("", False),
    ],
)
def test_what_counts_as_a_question(text, question):
    assert is_question(text) is question


@pytest.mark.parametrize(("text", "silence_ms"), [("Is it so then?", 448), ("It is so then.", 960)])
async def test_a_question_waits_for_the_shorter_silence(text, silence_ms):
    def answer(item: DecodeItem) -> Hypothesis:
        return replace(FakeEngine._frames(item), text=text)

    engine = FakeEngine()
    engine.answer = answer
    settings = Settings()
    models = SttModels(
        engine=engine, vad=LoudnessVad(), turn=Doubtful(), settings=settings, metrics=Metrics()
    )
    made = make_server(models=models)
    shown = asyncio.Event()

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(interim_results=True)
        for request in pieces(voice(0.64) + silence(0.2)):
            yield request
        await shown.wait()
        for request in pieces(silence(2)):
            yield request

    await made.server.start()
    await made.server.warm_up()
    try:
        final = pb.StreamingRecognitionResult()
        async with made.channel() as channel, asyncio.timeout(30):
            async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(speak()):
                if response.result.preflight:
                    assert response.result.end_of_turn_probability == (silence_ms == 448)
                    shown.set()
                if response.result.is_final:
                    final.CopyFrom(response.result)
    finally:
        await made.server.stop(1)
    # Of the audio it is known only up to the message in which the end was found.
    assert 0 <= final.audio_processed_ms - 640 - silence_ms <= 64
