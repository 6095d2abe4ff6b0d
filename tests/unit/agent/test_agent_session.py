"""The session as it is built: nothing in it reaches for a cloud."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from livekit.agents import AgentSession, llm
from livekit.agents.voice.turn import _StreamingTurnDetector

from agent.barge_in import load_vad
from agent.session import build_session, open_engines, room_options
from agent.settings import Settings
from agent.speech import open_channel
from agent.transcripts import TranscriptRecorder, TurnClock
from agent.turn_taking import ServerEndOfTurn
from tests.support.conversation import Conversation
from tests.support.fake_speech import Script


@pytest.fixture
async def session() -> AsyncIterator[AgentSession[None]]:
    settings = Settings()
    channel = open_channel("127.0.0.1:1")
    engines = open_engines(settings, channel, load_vad(settings))
    yield build_session(settings, engines)
    await engines.aclose()
    await channel.close()


async def test_turn_detection_and_interruption_are_our_own(session: AgentSession[None]) -> None:
    detector = session.turn_detection
    assert isinstance(detector, ServerEndOfTurn)
    assert not isinstance(detector, _StreamingTurnDetector)
    assert session.interruption_detection == "vad"
    assert not session._using_default_vad
    assert session.vad is not None and session.vad.provider == "ONNX"


async def test_every_engine_is_ours(session: AgentSession[None]) -> None:
    for engine in (session.stt, session.tts, session.llm):
        assert type(engine).__module__.startswith("agent.")


async def test_the_options_are_what_the_settings_say(session: AgentSession[None]) -> None:
    options = session.options
    assert options.endpointing["min_delay"] == 0
    assert options.interruption["min_duration"] == 0.06
    assert options.preemptive_generation["preemptive_tts"]
    assert options.aec_warmup_duration is None
    assert session.conn_options.max_unrecoverable_errors > 1000


async def test_a_call_connects_to_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connected: list[object] = []
    loop = asyncio.get_running_loop()
    look_up, connect = socket.getaddrinfo, loop.sock_connect

    def watched(host: str | None, *args: object, **options: object) -> object:
        asked.append(str(host))
        return look_up(host, *args, **options)  # type: ignore[arg-type]

    async def watched_connect(sock: socket.socket, address: object) -> None:
        connected.append(address)
        await connect(sock, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    monkeypatch.setattr(loop, "sock_connect", watched_connect)
    # What would make livekit-agents choose its cloud, were it left to choose.
    monkeypatch.setenv("LIVEKIT_DEV_MODE", "1")
    monkeypatch.setenv("LIVEKIT_URL", "wss://example.livekit.cloud")
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    async with Conversation(Script(heard=["Hello."]), word_timings="off") as call:
        await call.say(0.3)
        await call.until(lambda: bool(call.finals("agent")), 6)
    assert set(asked) <= {"127.0.0.1"}, "a name was looked up"
    assert {str(address[0]) for address in connected} <= {"127.0.0.1"}  # type: ignore[index]
    assert asked or connected  # Ollama, at least: the watch works


async def test_the_detector_takes_the_servers_word() -> None:
    heard: list[float | None] = [None]
    speaking = [False]
    detector = ServerEndOfTurn(lambda: heard[0], 0.5, lambda: speaking[0])
    assert await detector.predict_end_of_turn(llm.ChatContext.empty()) == 1.0
    heard[0] = 0.2
    assert await detector.predict_end_of_turn(llm.ChatContext.empty()) == 0.2
    assert await detector.unlikely_threshold(None) == 0.5
    # While the server is in an utterance, its final is waited for.
    speaking[0] = True
    asked = asyncio.create_task(detector.predict_end_of_turn(llm.ChatContext.empty()))
    await asyncio.sleep(0.1)
    assert not asked.done()
    speaking[0], heard[0] = False, 0.9
    assert await asked == 0.9
    assert await detector.supports_language(None)


def test_the_room_is_used_as_the_settings_say() -> None:
    recorder = TranscriptRecorder(
        room="r",
        agent="a",
        caller=lambda: "c",
        publish=lambda _: None,
        language="en",
        clock=TurnClock(lambda: None),
    )

    async def on_text(*_: object) -> None:
        return

    options = room_options(Settings(delete_room_on_close=False), recorder.text_output, on_text)
    audio = options.get_audio_input_options()
    assert audio is not None and (audio.sample_rate, audio.frame_size_ms) == (16_000, 20)
    assert not options.close_on_disconnect
    assert not options.delete_room_on_close
