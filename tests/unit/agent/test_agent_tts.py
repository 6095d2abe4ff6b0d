"""Synthesis: every trap of livekit-agents' speech stream, against a real gRPC server."""

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
import pytest
from livekit.agents import APIConnectOptions, APIError, tts
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from agent.speech import GrpcTTS, open_channel
from tests.support.conversation import until
from tests.support.fake_speech import WORD_SECONDS, FakeSpeech, Script

TWICE = APIConnectOptions(max_retry=1, retry_interval=0.05, timeout=2)


@pytest.fixture
async def speech() -> AsyncIterator[FakeSpeech]:
    server = FakeSpeech(Script())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def channel(speech: FakeSpeech) -> AsyncIterator[grpc.aio.Channel]:
    channel = open_channel(f"127.0.0.1:{speech.port}")
    yield channel
    await channel.close()


async def speak(synthesiser: GrpcTTS, *pieces: str) -> list[tts.SynthesizedAudio]:
    async with synthesiser.stream(conn_options=TWICE) as stream:
        for piece in pieces:
            stream.push_text(piece)
        stream.end_input()
        async with asyncio.timeout(6):
            return [audio async for audio in stream]


async def test_text_in_pieces_becomes_one_segment_of_speech(channel: grpc.aio.Channel) -> None:
    audio = await speak(GrpcTTS(channel, sample_rate_hz=16_000), "Hel", "lo, my ", "friend.")
    assert {part.segment_id for part in audio} == {audio[0].segment_id}
    assert audio[-1].is_final
    assert audio[0].frame.sample_rate == 16_000
    assert sum(part.frame.duration for part in audio) == pytest.approx(3 * WORD_SECONDS, abs=0.02)


async def test_words_come_before_their_audio_with_their_space(channel: grpc.aio.Channel) -> None:
    audio = await speak(GrpcTTS(channel, word_timings=True), "One two.")
    words = [
        word for part in audio for word in part.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    ]
    assert "".join(words) == "One two. "
    assert audio[0].frame.userdata[USERDATA_TIMED_TRANSCRIPT]
    assert words[1].start_time == pytest.approx(WORD_SECONDS)


@pytest.mark.parametrize("text", ["...", "🙂", "— !"])
async def test_what_cannot_be_spoken_is_a_short_silence_at_once(
    channel: grpc.aio.Channel, text: str
) -> None:
    synthesiser = GrpcTTS(channel)
    errors: list[tts.TTSError] = []
    synthesiser.on("error", errors.append)
    begin = time.monotonic()
    audio = await speak(synthesiser, text)
    assert time.monotonic() - begin < 2
    assert not errors
    assert sum(part.frame.duration for part in audio) < 0.05


async def test_an_interruption_stops_the_server(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    speech.script.first_audio_s = 5
    async with GrpcTTS(channel).stream(conn_options=TWICE) as stream:
        stream.push_text("A long reply.")
        stream.end_input()
        await until(lambda: bool(speech.spoken))
    await until(lambda: speech.cancelled == 1)


async def test_word_times_that_are_not_served_do_not_break_a_reply(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    speech.script.word_timings = False
    synthesiser = GrpcTTS(channel, word_timings=True)
    audio = await speak(synthesiser, "Hello.")
    assert sum(part.frame.duration for part in audio) > 0.1
    assert not synthesiser.word_timings
    assert not synthesiser.capabilities.aligned_transcript


@pytest.mark.parametrize("served", [True, False])
async def test_the_probe_tells_whether_word_times_are_served(
    speech: FakeSpeech, channel: grpc.aio.Channel, served: bool
) -> None:
    speech.script.word_timings = served
    synthesiser = GrpcTTS(channel)
    assert await synthesiser.probe() is served
    assert synthesiser.capabilities.aligned_transcript is served


async def test_no_server_is_an_error_soon() -> None:
    channel = open_channel("127.0.0.1:1")
    begin = time.monotonic()
    with pytest.raises(APIError):
        await speak(GrpcTTS(channel, connect_s=0.1), "Hello.")
    assert time.monotonic() - begin < 2
    await channel.close()


async def test_a_server_that_goes_as_a_reply_begins_is_an_error_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def was_ready(channel: grpc.aio.Channel, timeout: float) -> None:
        pass

    monkeypatch.setattr("agent.speech.tts.wait_until_ready", was_ready)
    await test_no_server_is_an_error_soon()


async def test_a_whole_text_can_be_spoken(channel: grpc.aio.Channel) -> None:
    async with GrpcTTS(channel).synthesize("Hello you.") as stream:
        frame = await stream.collect()
    assert frame.duration == pytest.approx(2 * WORD_SECONDS, abs=0.05)
