"""Whether a turn is over is told by its sound and by how its text ends."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from speech_server.engines.base import DecodeItem, Hypothesis
from speech_server.settings import Settings
from speech_server.stt.completeness import Turn
from speech_server.stt.front_end import FrontEnd
from speech_server.stt.looking import Look
from speech_server.stt.models import SttModels
from speech_server.stt.recent import Piece
from speech_server.stt.utterance import Utterance
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


class Sounds:
    """Takes each turn for complete with the same probability."""

    def __init__(self, probability: float) -> None:
        self._probability = probability
        self.heard_s: list[float] = []

    def probability(self, samples: np.ndarray) -> float:
        self.heard_s.append(len(samples) / 16_000)
        return self._probability


def judged(sounds: Sounds, engine: FakeEngine | None = None) -> SttModels:
    return SttModels(
        engine=engine or FakeEngine(),
        vad=LoudnessVad(),
        turn=sounds,
        settings=Settings(),
        metrics=Metrics(),
    )


def probability(sound: float, text: str) -> float:
    found = Turn(sound, text).probability
    assert found is not None
    return found


def test_the_mark_at_the_end_counts():
    found = [
        probability(0.5, text)
        for text in ("I went to the", "I went to the ...", "I went.", "I went there.", "Did I go?")
    ]
    assert found[0] == found[1] < found[2] < found[3] < found[4]


@pytest.mark.parametrize(
    "text",
    ["¿Dónde está la salida? ", "ここ は どこ ？", "أين هو المخرج؟", "What's the weather like?"],
)
def test_questions_of_other_languages(text):
    assert probability(0.02, text) > 0.8


@pytest.mark.parametrize("text", ["", "Stop", "Stop.", "Why?"])
def test_of_a_word_or_two_the_sound_tells(text):
    assert probability(0.5, text) == probability(0.5, "")
    assert probability(0.99, text) > 0.88 > probability(0.5, text)


@pytest.mark.parametrize("text", ["one two three", "It is so.", "Is it so?", "No", ""])
def test_a_surer_sound_never_makes_less_sure(text):
    found = [probability(sound, text) for sound in np.linspace(0, 1, 21)]
    assert found == sorted(found)
    assert 0 < found[0] < found[-1] < 1


def test_without_a_sound_nothing_is_known():
    assert Turn(None, "Is it so?").probability is None


@pytest.mark.parametrize(
    ("sound", "text", "interims", "least_ms", "most_ms"),
    [
        (0.97, "It is so then.", True, 416, 416),
        (0.97, "It is so and", True, 640, 960),
        (0.3, "Is it so then?", True, 416, 416),
        (0.01, "It is so and", True, 900, 1008),
        # What was said is known later where no preflight is shown.
        (0.3, "Is it so then?", False, 416, 640),
        (0.01, "It is so and", False, 900, 1008),
    ],
)
async def test_the_wait_follows_sound_and_text(sound, text, interims, least_ms, most_ms):
    decoded = threading.Event()

    def answer(item: DecodeItem) -> Hypothesis:
        decoded.set()
        return replace(FakeEngine._frames(item), text=text)

    engine = FakeEngine()
    engine.answer = answer
    made = make_server(models=judged(Sounds(sound), engine))

    shown = asyncio.Event()

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        # What was said is known before more is heard; where it is not shown, a moment after it is.
        yield config(interim_results=interims)
        for request in pieces(voice(0.64) + silence(0.2 if interims else 0.62)):
            yield request
        if interims:
            await shown.wait()
        else:
            await asyncio.to_thread(decoded.wait)
            await asyncio.sleep(0.2)
        for request in pieces(silence(2)):
            yield request

    await made.server.start()
    await made.server.warm_up()
    try:
        final = pb.StreamingRecognitionResult()
        async with made.channel() as channel, asyncio.timeout(30):
            async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(speak()):
                if response.result.preflight:
                    shown.set()
                if response.result.is_final:
                    final.CopyFrom(response.result)
    finally:
        await made.server.stop(1)
    assert final.end_of_turn_probability == pytest.approx(probability(sound, text), abs=1e-6)
    # Of the audio it is known only up to the message in which the end was found.
    waited_ms = final.audio_processed_ms - 640
    assert least_ms <= waited_ms <= most_ms + 64


async def test_a_turn_is_judged_without_the_one_before():
    sounds = Sounds(0.99)
    made = make_server(models=judged(sounds))
    await made.server.start()
    await made.server.warm_up()
    try:
        sound = voice(0.64) + silence(3) + voice(0.64) + silence(2)
        await made.talk(config(), *pieces(sound))
    finally:
        await made.server.stop(1)
    assert len(sounds.heard_s) == 2
    before_speech_s = Settings().prefix_padding_ms / 1000
    assert sounds.heard_s[1] == pytest.approx(before_speech_s + 0.64 + 0.128, abs=0.1)


async def test_of_a_turn_in_parts_all_is_judged():
    sounds = Sounds(0.99)
    models = judged(sounds)
    front = FrontEnd(16_000, n_mels=models.engine.n_mels, voice=models.vad.stream())
    front.push(np.zeros(10 * 16_000, np.float32))
    utterance = Utterance(2, from_ms=8000, start_ms=8400)
    utterance.before = (Piece(4000, 7000, (1,)),)
    try:
        assert await Look(models, front).end_of_turn(utterance, 9000) == 0.99
    finally:
        models.close()
    assert sounds.heard_s == [5.0]
