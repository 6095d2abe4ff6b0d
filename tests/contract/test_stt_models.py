"""Recognition of whole streams with the locked models on real recordings."""

import asyncio
import re

import numpy as np
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from tests.support.recordings import CLIP, EUNUCH, WORDS, recording, wer
from tests.support.stt_rig import Rig, config, finals, make_server, pieces

pytestmark = pytest.mark.models


def pcm(samples: np.ndarray) -> bytes:
    return (samples.clip(-1, 1) * 32767).astype("<i2").tobytes()


@pytest.fixture
async def server(models):
    made: Rig = make_server(models=models, stt_interim_ms=200, stt_interim_share=1.0)
    await made.server.start()
    await made.server.warm_up()
    yield made
    # The models are the module's: they outlive the server.
    made.service._models = None
    await made.server.stop(1)


async def test_a_recording_becomes_its_words(server):
    speech = recording(CLIP)
    responses = await server.talk(
        config(interim_results=True, enable_word_time_offsets=True, enable_word_confidence=True),
        *pieces(pcm(np.concatenate([speech, np.zeros(32_000, np.float32)])), 3200),
    )
    done = finals(responses)
    assert wer(WORDS, " ".join(result.transcript for result in done)) <= 0.2
    for result in done:
        assert result.end_of_turn_probability > 0
        assert result.language_code == "en"
        assert result.timings.context_frames < 1500
        assert " ".join(word.word for word in result.words) == result.transcript
        times = [(word.start_ms, word.end_ms) for word in result.words]
        assert times == sorted(times)
        assert times[0][0] >= result.start_ms
        assert times[-1][1] <= result.end_ms + 300
        assert all(0 < word.confidence <= 1 for word in result.words)


async def test_stable_text_never_changes(server):
    speech = recording("audio/librispeech_test_other__1688-142285-0001.flac")
    requests = pieces(pcm(speech), 6400)

    async def paced():
        yield config(interim_results=True)
        for request in requests:
            yield request
            # As fast as this machine makes interims, however busy it is.
            await asyncio.sleep(0.1)
            async with asyncio.timeout(30):
                while any(s._interim for s in server.service._sessions):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    stable: dict[str, str] = {}
    count = 0
    for response in await server.talk_over(paced()):
        result = response.result
        promised = stable.get(result.utterance_id, "")
        assert result.transcript.startswith(promised)
        stable[result.utterance_id] = result.transcript[: result.stable_prefix_chars]
        count += bool(promised)
    assert count


@pytest.mark.parametrize(
    "name",
    ["gen_silence_10s", "gen_whitenoise_m10dB_10s", "kitchen_1", "sb_noise4", "gen_clicks_10s"],
)
async def test_noise_becomes_no_words(server, name):
    noise = recording(f"audio/negatives__{name}.flac")
    done = finals(await server.talk(config(), *pieces(pcm(noise), 32_000)))
    assert [result.transcript for result in done if result.transcript] == []


async def test_the_language_is_found(server):
    speech = recording("audio/multilingual__leopard_de.flac")
    done = finals(await server.talk(config(language_code="auto"), *pieces(pcm(speech), 32_000)))
    assert {result.language_code for result in done} == {"de"}
    assert all(result.language_probability > 0.8 for result in done)
    assert "Portal" in done[0].transcript


async def test_translation_is_english(server):
    speech = recording("audio/multilingual__leopard_de.flac")
    asked = config(language_code="de", task=pb.RECOGNITION_TASK_TRANSLATE)
    done = finals(await server.talk(asked, *pieces(pcm(speech), 32_000)))
    assert re.search(r"\b(the|was|room|portal)\b", done[0].transcript.lower())


async def test_a_sentence_with_pauses_is_heard_as_one(server):
    speech = pcm(np.concatenate([recording(EUNUCH), np.zeros(32_000, np.float32)]))
    hasty = pb.EndpointingConfig(stop_silence_ms=448, max_stop_silence_ms=448)
    asked = config(endpointing_config=hasty, enable_word_time_offsets=True)

    known = asyncio.Event()

    async def paced():
        yield asked
        for number, request in enumerate(pieces(speech, 6400), 1):
            yield request
            # What was said before is known once its final is out; 2.2 s hear the end of the pause.
            await (known.wait() if number == 11 else asyncio.sleep(0.05))

    responses = []
    async with server.channel() as channel, asyncio.timeout(60):
        async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(paced()):
            responses.append(response)
            if response.result.is_final:
                known.set()
    first, second = finals(responses)
    assert second.transcript.startswith("Art thou, he who repeated poetry")
    assert first.end_ms < second.start_ms <= second.words[0].start_ms < second.start_ms + 900
