"""Recognition: every trap of livekit-agents' speech stream, against a real gRPC server."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from livekit.agents import APIConnectOptions, APIError, stt
from trinity.speech.v1.speech_to_text_service_pb2 import StreamingRecognitionResult

from agent.speech import GrpcSTT, open_channel
from agent.speech.errors import STATUS_CODES, to_api_error
from agent.speech.replay import ReplayBuffer
from agent.speech.results import ResultReader, same_words
from tests.support.conversation import loud_frames, quiet_frames, until
from tests.support.fake_speech import FakeSpeech, Script

KIND = stt.SpeechEventType
PATIENT = APIConnectOptions(max_retry=20, retry_interval=0.05, timeout=3)
ONCE = APIConnectOptions(max_retry=0, timeout=3)


@pytest.fixture
async def speech() -> AsyncIterator[FakeSpeech]:
    server = FakeSpeech(Script(heard=["One two.", "Three four."]))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def channel(speech: FakeSpeech) -> AsyncIterator[grpc.aio.Channel]:
    channel = open_channel(f"127.0.0.1:{speech.port}")
    yield channel
    await channel.close()


async def collect(
    stream: stt.RecognizeStream, kind: stt.SpeechEventType = KIND.FINAL_TRANSCRIPT, count: int = 1
) -> list[stt.SpeechEvent]:
    """Events up to and with the wanted ones."""
    events: list[stt.SpeechEvent] = []
    async with asyncio.timeout(8):
        async for event in stream:
            events.append(event)
            if sum(1 for event in events if event.type is kind) == count:
                return events
    raise AssertionError("the stream ended before")


def push(stream: stt.RecognizeStream, loud_s: float = 0.2, quiet_s: float = 0.4) -> None:
    for frame in [*loud_frames(loud_s), *quiet_frames(quiet_s)]:
        stream.push_frame(frame)


async def test_interim_preflight_and_final_come_in_order(channel: grpc.aio.Channel) -> None:
    async with GrpcSTT(channel).stream(conn_options=PATIENT) as stream:
        push(stream)
        events = await collect(stream, KIND.RECOGNITION_USAGE)
    assert [event.type for event in events] == [
        KIND.INTERIM_TRANSCRIPT,
        KIND.PREFLIGHT_TRANSCRIPT,
        KIND.FINAL_TRANSCRIPT,
        KIND.RECOGNITION_USAGE,
    ]
    assert events[1].alternatives[0].text == events[2].alternatives[0].text == "One two."
    usage = events[3].recognition_usage
    assert usage is not None and usage.audio_duration == pytest.approx(0.6, abs=0.1)


async def test_times_are_on_the_clock_of_the_call(channel: grpc.aio.Channel) -> None:
    async with GrpcSTT(channel).stream(conn_options=PATIENT) as stream:
        stream.start_time_offset = 100.0
        for frame in quiet_frames(0.4):
            stream.push_frame(frame)
        push(stream)
        final = (await collect(stream))[-1].alternatives[0]
    assert final.start_time == pytest.approx(100.4, abs=0.05)
    assert final.end_time == pytest.approx(100.6, abs=0.05)


async def test_a_half_close_is_an_error_that_is_tried_again(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    recogniser = GrpcSTT(channel)
    errors: list[stt.STTError] = []
    recogniser.on("error", errors.append)
    async with recogniser.stream(conn_options=PATIENT) as stream:
        push(stream)
        await collect(stream)
        speech.half_close.set()
        await until(lambda: bool(errors))
        speech.half_close = asyncio.Event()
        push(stream)
        assert (await collect(stream))[-1].alternatives[0].text == "Three four."
    assert errors[0].recoverable


async def test_audio_without_a_final_is_sent_to_the_next_server(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    async with GrpcSTT(channel).stream(conn_options=PATIENT) as stream:
        push(stream)
        await collect(stream)
        for frame in loud_frames(0.3):
            stream.push_frame(frame)
        await collect(stream, KIND.INTERIM_TRANSCRIPT)  # the server is in the utterance
        port = speech.port
        await speech.stop()
        await asyncio.sleep(0.2)
        speech.script.heard = ["One two.", "lost", "Three four."]
        await speech.start(port)
        for frame in quiet_frames(0.5):
            stream.push_frame(frame)
        final = (await collect(stream))[-1].alternatives[0]
    assert final.text == "Three four."
    assert final.start_time == pytest.approx(0.6, abs=0.1)
    # The new stream got what no final covered, not the first utterance again.
    assert speech.received_s[-1] == pytest.approx(1.2, abs=0.15)


async def test_a_draining_server_is_left_between_utterances(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    recogniser = GrpcSTT(channel)
    errors: list[stt.STTError] = []
    recogniser.on("error", errors.append)
    async with recogniser.stream(conn_options=PATIENT) as stream:
        for frame in loud_frames(0.2):
            stream.push_frame(frame)
        await collect(stream, KIND.INTERIM_TRANSCRIPT)
        speech.drain.set()
        for frame in quiet_frames(0.4):
            stream.push_frame(frame)
        assert (await collect(stream))[-1].alternatives[0].text == "One two."
        speech.drain = asyncio.Event()
        await until(lambda: len(speech.received_s) == 2)
        push(stream)
        assert (await collect(stream))[-1].alternatives[0].text == "Three four."
    assert not errors


async def test_an_optional_field_that_is_not_served_is_left_out(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    speech.script.refuse = {"speech_contexts": "config.speech_contexts is not served yet"}
    recogniser = GrpcSTT(channel, phrases=("Trinity",))
    async with recogniser.stream(conn_options=ONCE) as stream:
        push(stream)
        await collect(stream)
    assert [len(config.speech_contexts) for config in speech.stt_configs] == [1, 0]


async def test_flush_finishes_the_utterance(speech: FakeSpeech, channel: grpc.aio.Channel) -> None:
    recogniser = GrpcSTT(channel)
    async with recogniser.stream(conn_options=PATIENT) as stream:
        for frame in loud_frames(0.2):
            stream.push_frame(frame)
        await collect(stream, KIND.INTERIM_TRANSCRIPT)
        assert recogniser.in_utterance
        recogniser.flush()
        assert (await collect(stream))[-1].alternatives[0].text == "One two."
        assert not recogniser.in_utterance
    assert speech.forced == 1


async def test_a_whole_recording_can_be_recognised(channel: grpc.aio.Channel) -> None:
    frames = [*loud_frames(0.2), *quiet_frames(0.4), *loud_frames(0.2), *quiet_frames(0.4)]
    event = await GrpcSTT(channel).recognize(frames, conn_options=ONCE)
    assert event.alternatives[0].text == "One two. Three four."


async def test_no_server_is_an_error_that_can_be_tried_again() -> None:
    channel = open_channel("127.0.0.1:1")
    recogniser = GrpcSTT(channel, connect_s=0.1)
    async with recogniser.stream(conn_options=ONCE) as stream:
        with pytest.raises(APIError) as caught:
            await collect(stream)
    assert caught.value.retryable
    await channel.close()


async def test_the_servers_end_of_turn_is_known(
    speech: FakeSpeech, channel: grpc.aio.Channel
) -> None:
    speech.script.end_of_turn = 0.25
    recogniser = GrpcSTT(channel)
    assert recogniser.end_of_turn_probability is None
    async with recogniser.stream(conn_options=PATIENT) as stream:
        push(stream)
        await collect(stream)
        assert recogniser.end_of_turn_probability == pytest.approx(0.25)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0] != 0])
def test_every_status_becomes_an_error_that_is_not_passed_over(code: grpc.StatusCode) -> None:
    assert code in STATUS_CODES
    metadata = grpc.aio.Metadata()
    error = to_api_error(grpc.aio.AioRpcError(code, metadata, metadata, "details"))
    assert isinstance(error, APIError)
    assert getattr(error, "status_code", 0) != 499
    assert error.retryable is STATUS_CODES[code][1]


def result(text: str, revision: int, **values: object) -> StreamingRecognitionResult:
    return StreamingRecognitionResult(
        utterance_id="u",
        revision=revision,
        transcript=text,
        **values,  # type: ignore[arg-type]
    )


def test_only_one_preflight_of_a_text_is_passed_on() -> None:
    reader = ResultReader("en")
    assert reader.read(result("yes", 1, preflight=True), 0) is not None
    assert reader.read(result("yes", 2, preflight=True), 0) is None
    assert reader.read(result("yes", 3), 0) is None
    assert reader.read(result("yes but", 4, preflight=True), 0) is not None


def test_results_that_are_out_of_date_are_dropped() -> None:
    reader = ResultReader("en")
    assert reader.read(result("one two", 5), 0) is not None
    assert reader.read(result("one", 4), 0) is None


@pytest.mark.parametrize(
    ("preflight", "final", "told"),
    [
        ("what time is it", "What time is it?", "what time is it"),
        ("I'm here", "Im here.", "I'm here"),
        ("what time", "What time is it?", "What time is it?"),
        ("", "Hello.", "Hello."),
    ],
)
def test_a_final_keeps_its_preflights_text(preflight: str, final: str, told: str) -> None:
    reader = ResultReader("en")
    reader.read(result(preflight, 1, preflight=True), 0)
    event = reader.read(result(final, 2, is_final=True), 0)
    assert event is not None and event.alternatives[0].text == told


def test_an_empty_final_is_passed_on() -> None:
    event = ResultReader("en").read(result("", 1, is_final=True), 0)
    assert event is not None and event.type is KIND.FINAL_TRANSCRIPT


def test_same_words() -> None:
    assert same_words("Don't stop!", "dont stop")
    assert not same_words("stop", "stop it")


def test_the_replay_is_bounded_and_keeps_its_times() -> None:
    buffer = ReplayBuffer(1.0)
    for index in range(30):
        buffer.append(bytes([index]), 0.1)
    assert buffer.end_s == pytest.approx(3.0)
    assert buffer.begin_s == pytest.approx(2.0)
    assert len(list(buffer)) == 10
    buffer.forget_until(2.55)
    assert buffer.begin_s == pytest.approx(2.5)
    buffer.forget_until(9.0)
    assert list(buffer) == []
    assert buffer.begin_s == pytest.approx(3.0)
