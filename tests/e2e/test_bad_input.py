"""Bad input to the real speech server ends its own stream with a clear error, and no other."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import speech_to_text_service_pb2 as stt
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as stt_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as tts
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as tts_grpc

from caller import CallerSettings, SpeechServer, load_clips, score
from stack import Stack

DEADLINE_S = 20.0
START_DEADLINE_S = 60.0
SECOND = np.zeros(16000, np.int16).tobytes()


def stt_config(sample_rate_hertz: int = 16000, model: str = "") -> stt.TranscribeRequest:
    return stt.TranscribeRequest(
        config=stt.StreamingRecognitionConfig(
            language_code="en",
            model=model,
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
            sample_rate_hertz=sample_rate_hertz,
        )
    )


def audio(data: bytes) -> stt.TranscribeRequest:
    return stt.TranscribeRequest(audio_content=data)


def tts_config(**fields: object) -> tts.SynthesizeRequest:
    return tts.SynthesizeRequest(
        context_id="1",
        config=tts.StreamingSynthesizeConfig(**fields),  # type: ignore[arg-type]
    )


def spoken(text: str) -> tts.SynthesizeRequest:
    return tts.SynthesizeRequest(context_id="1", text=text)


async def exchange(
    stream: grpc.aio.StreamStreamCall, messages: Iterable[Any], close: bool
) -> list[Any]:
    """Writes messages, half-closes when asked to, and reads to the end.

    Whoever writes on to a stream that the server has ended gets INTERNAL ("Internal error from
    Core") from grpc.aio in place of the server's status, so the bad message has to be the last.
    """
    for message in messages:
        await stream.write(message)
    if close:
        await stream.done_writing()
    return [reply async for reply in stream]


async def transcribe(target: str, *messages: stt.TranscribeRequest, close: bool = False) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        stub = stt_grpc.SpeechToTextServiceStub(channel)
        await exchange(stub.Transcribe(timeout=DEADLINE_S), messages, close)


async def synthesize(target: str, *messages: tts.SynthesizeRequest, close: bool = False) -> int:
    async with grpc.aio.insecure_channel(target) as channel:
        stub = tts_grpc.TextToSpeechServiceStub(channel)
        replies = await exchange(stub.Synthesize(timeout=DEADLINE_S), messages, close)
        return sum(len(r.audio.audio_content) for r in replies)


async def refused(answer: object) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answer  # type: ignore[misc]
    return caught.value


def field_of(error: grpc.aio.AioRpcError) -> str:
    """The field that the error's details name; every refusal of bad input has one."""
    status = rpc_status.from_call(error)
    assert status is not None
    (violation,) = [
        violation
        for detail in status.details
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR)
        for violation in error_details_pb2.BadRequest.FromString(detail.value).field_violations
    ]
    assert violation.description
    return violation.field


async def assert_still_works(settings: CallerSettings) -> None:
    """The next stream of both services does its work."""
    clip = (await load_clips(settings))[0]
    async with SpeechServer(settings.speech_target) as server:
        heard, (voice, rate) = await asyncio.gather(
            server.transcribe(clip.samples, clip.rate_hz), server.synthesize("Still here.")
        )
    assert score([(clip.reference or heard, heard)]).wer <= 0.25
    assert len(voice) > rate / 3


@pytest.mark.parametrize("rate", [0, 4000, 96000, -1])
async def test_a_wrong_sample_rate(
    stack: Stack, caller_settings: CallerSettings, rate: int
) -> None:
    error = await refused(transcribe(stack.addresses.speech_target, stt_config(rate)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error).endswith("sample_rate_hertz")
    await assert_still_works(caller_settings)


async def test_a_wrong_sample_rate_of_the_voice(
    stack: Stack, caller_settings: CallerSettings
) -> None:
    error = await refused(
        synthesize(stack.addresses.speech_target, tts_config(sample_rate_hertz=1000))
    )
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error).endswith("sample_rate_hertz")
    await assert_still_works(caller_settings)


async def test_an_unknown_voice(stack: Stack, caller_settings: CallerSettings) -> None:
    error = await refused(synthesize(stack.addresses.speech_target, tts_config(voice="nobody")))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert field_of(error).endswith("voice")
    await assert_still_works(caller_settings)


async def test_an_unknown_model(stack: Stack, caller_settings: CallerSettings) -> None:
    error = await refused(transcribe(stack.addresses.speech_target, stt_config(model="nothing")))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert field_of(error).endswith("model")
    await assert_still_works(caller_settings)


async def test_an_empty_stream(stack: Stack, caller_settings: CallerSettings) -> None:
    error = await refused(transcribe(stack.addresses.speech_target, close=True))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error) == "config"
    # A stream for many utterances that carried none is no error.
    assert await synthesize(stack.addresses.speech_target, close=True) == 0
    await assert_still_works(caller_settings)


async def test_text_before_the_config(stack: Stack, caller_settings: CallerSettings) -> None:
    error = await refused(synthesize(stack.addresses.speech_target, spoken("Hello.")))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error) == "config"
    await assert_still_works(caller_settings)


async def test_audio_before_the_config(stack: Stack, caller_settings: CallerSettings) -> None:
    error = await refused(transcribe(stack.addresses.speech_target, audio(SECOND)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error) == "config"
    await assert_still_works(caller_settings)


async def test_a_config_after_audio_that_changes_the_audio(
    stack: Stack, caller_settings: CallerSettings
) -> None:
    error = await refused(
        transcribe(
            stack.addresses.speech_target,
            stt_config(16000),
            audio(SECOND),
            stt_config(8000),
        )
    )
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error).endswith("sample_rate_hertz")
    await assert_still_works(caller_settings)


async def test_a_message_of_ten_megabytes(stack: Stack, caller_settings: CallerSettings) -> None:
    target = stack.addresses.speech_target
    big = bytes(10 * 1024 * 1024)
    error = await refused(transcribe(target, stt_config(), audio(big)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    error = await refused(synthesize(target, tts_config(), spoken("a" * len(big))))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await assert_still_works(caller_settings)


async def test_other_streams_go_on_beside_bad_ones(
    stack: Stack, caller_settings: CallerSettings
) -> None:
    target = stack.addresses.speech_target
    await asyncio.gather(
        assert_still_works(caller_settings),
        *(refused(transcribe(target, stt_config(1))) for _ in range(8)),
    )


@pytest.mark.parametrize(
    ("setting", "name"),
    [("SPEECH_STT_MODEL", "/nowhere/whisper"), ("SPEECH_TTS_VOICES", "/nowhere/voice.onnx")],
)
def test_a_model_path_that_does_not_exist_ends_the_server(setting: str, name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "speech_server"],
        env={**os.environ, "SPEECH_PORT": "0", "SPEECH_METRICS_PORT": "0", setting: name},
        capture_output=True,
        text=True,
        timeout=START_DEADLINE_S,
        check=False,
    )
    assert ended.returncode not in (0, None)
    said = ended.stdout + ended.stderr
    assert name in said
    assert setting in said
    assert "Traceback" not in said
