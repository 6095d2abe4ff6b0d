"""A call without LiveKit: the agent's real session, adapters and voice detector's state machine.

The microphone is paced in real time and loud or quiet as the test says; the loudspeaker plays on
the same clock and notes what it did. The speech server and Ollama are fakes over real connections.
"""

import asyncio
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.agents.voice.transcription.synchronizer import TranscriptSynchronizer

from agent import heard
from agent.assistant import Assistant, reply_guard
from agent.attendants import attend
from agent.background import BackgroundWork
from agent.barge_in import load_vad
from agent.observer import SessionObserver
from agent.overlap import OverlapFilter
from agent.phrases import PhraseBook
from agent.rescue import Rescue
from agent.session import (
    build_session,
    keep_patience,
    open_engines,
    turn_clock,
)
from agent.settings import Settings
from agent.speech import open_channel
from agent.tools import ToolKit, build_tools
from agent.transcripts import TranscriptMessage, TranscriptRecorder
from bench.scripted_ollama import Body, Reply, ScriptedOllama
from tests.support.fake_speech import FakeSpeech, Script

RATE_HZ = 16_000
FRAME_S = 0.02
SAMPLES = int(RATE_HZ * FRAME_S)
QUIET = bytes(2 * SAMPLES)
LOUD = (np.random.default_rng(1).integers(-9000, 9000, SAMPLES)).astype("<i2").tobytes()


@dataclass(frozen=True)
class Event:
    """Something that the loudspeaker did, at a time of `time.monotonic`."""

    at_s: float
    name: str
    value: float = 0.0


class Microphone(AudioInput):
    """Gives a frame each 20 ms, from when the session listens."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self.loud = False
        self._next_s = time.monotonic()

    async def __anext__(self) -> rtc.AudioFrame:
        self._next_s = max(self._next_s + FRAME_S, time.monotonic() - 0.5)
        await asyncio.sleep(max(0.0, self._next_s - time.monotonic()))
        return rtc.AudioFrame(LOUD if self.loud else QUIET, RATE_HZ, 1, SAMPLES)


class Loudspeaker(AudioOutput):
    """Plays in real time and can pause."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__(
            label="loudspeaker",
            capabilities=AudioOutputCapabilities(pause=True),
            sample_rate=rate_hz,
        )
        self.events: list[Event] = []
        self._pushed_s = 0.0
        self._begin_s: float | None = None
        self._paused_s: float | None = None
        self._pauses_s = 0.0
        self._ending: asyncio.TimerHandle | None = None
        self._flushed = False

    def at(self, name: str) -> list[float]:
        """Times of the events of a name."""
        return [event.at_s for event in self.events if event.name == name]

    def _note(self, name: str, value: float = 0.0) -> None:
        self.events.append(Event(time.monotonic(), name, value))

    def _played_s(self) -> float:
        if self._begin_s is None:
            return 0.0
        return (self._paused_s or time.monotonic()) - self._begin_s - self._pauses_s

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._pushed_s += frame.duration
        if self._begin_s is None and self._paused_s is None:
            self._begin()

    def _begin(self) -> None:
        self._begin_s = time.monotonic()
        self._note("begin")
        self.on_playback_started(created_at=time.time())

    def flush(self) -> None:
        super().flush()
        if self._pushed_s:
            self._flushed = True
            self._schedule()

    def _schedule(self) -> None:
        if self._ending:
            self._ending.cancel()
        if self._paused_s is None:
            rest = max(0.0, self._pushed_s - self._played_s())
            self._ending = asyncio.get_running_loop().call_later(rest, self._end)

    def _end(self) -> None:
        played = self._pushed_s
        self._reset()
        self._note("end", played)
        self.on_playback_finished(playback_position=played, interrupted=False)

    def _reset(self) -> None:
        self._pushed_s, self._pauses_s, self._begin_s, self._paused_s = 0.0, 0.0, None, None
        self._flushed = False
        if self._ending:
            self._ending.cancel()
            self._ending = None

    def clear_buffer(self) -> None:
        if self._pushed_s:
            played = min(self._played_s(), self._pushed_s)
            self._reset()
            self._note("clear", played)
            self.on_playback_finished(playback_position=played, interrupted=True)

    def pause(self) -> None:
        super().pause()
        if self._paused_s is None:
            self._paused_s = time.monotonic()
            self._note("pause")
        if self._ending:
            self._ending.cancel()

    def resume(self) -> None:
        super().resume()
        if self._paused_s is not None:
            if self._begin_s is not None:
                self._pauses_s += time.monotonic() - self._paused_s
            self._paused_s = None
            self._note("resume")
            if self._begin_s is None and self._pushed_s:
                self._begin()
        if self._flushed:
            self._schedule()


BUSY = 3.0
"""A busy machine may take so many times longer than an idle one."""


class EnergyModel:
    """In place of Silero's network: sound above a level is voice."""

    sample_rate = RATE_HZ
    window_size_samples = 512

    def reset(self) -> None:
        """Keeps nothing."""

    def __call__(self, samples: Any) -> float:
        return 0.99 if float(np.abs(samples).max()) > 0.02 else 0.01


@dataclass
class NotedActions:
    """Stands for the room: notes what tools do to the call."""

    done: list[tuple[str, str]] = field(default_factory=list)

    async def hang_up(self) -> None:
        self.done.append(("hang_up", ""))

    async def transfer(self, to: str) -> str:
        self.done.append(("transfer", to))
        return "The caller was put through."

    async def call_in(self, number: str) -> str:
        self.done.append(("call_in", number))
        return "They have joined the call."

    async def send_text(self, text: str) -> None:
        self.done.append(("send_text", text))


class Conversation:
    """One call; `async with` holds it.

    Args:
        script: How the speech server behaves.
        answer: The model's reply to a request.
        capabilities: What the model can do.
        speech: In place of a speech server of its own: one that runs or will.
        use: Names of its tools, if not the usual ones.
        settings: Settings of the agent that differ from the defaults.
    """

    def __init__(
        self,
        script: Script | None = None,
        answer: Callable[[Body], Reply] | None = None,
        *,
        capabilities: tuple[str, ...] = ("completion", "tools"),
        speech: FakeSpeech | None = None,
        use: tuple[str, ...] | None = None,
        **settings: Any,
    ) -> None:
        self.speech = speech or FakeSpeech(script)
        self.ollama = ScriptedOllama(answer or (lambda _: Reply("Yes, of course.")), capabilities)
        self._values = settings
        self.messages: list[TranscriptMessage] = []
        self.actions = NotedActions()
        self.background = BackgroundWork()
        self.frame: rtc.VideoFrame | None = None
        if use is not None:
            settings["tools"] = use

    async def _look(self) -> rtc.VideoFrame | None:
        return self.frame if await self.engines.llm.sees() else None

    async def __aenter__(self) -> Self:
        heard.install()
        if not self.speech.port:
            await self.speech.start()
        host = await self.ollama.start()
        openai = self._values.get("llm_provider") == "openai"
        self.settings = Settings(
            **{
                "speech_target": f"127.0.0.1:{self.speech.port}",
                "ollama_host": host,
                "llm_url": f"{host}/v1" if openai else "",
                **self._values,
            }
        )
        detector = load_vad(self.settings)
        make_stream = detector.stream

        def energy_stream() -> Any:
            stream: Any = make_stream()
            stream.inner._model = EnergyModel()
            return stream

        detector.stream = energy_stream  # type: ignore[method-assign]
        self._channel = open_channel(self.settings.speech_target)
        self.engines = open_engines(self.settings, self._channel, detector)
        self.session = build_session(self.settings, self.engines)
        self._observer = SessionObserver(self.session, turn_clock(self.engines))
        self.patience = keep_patience(self.settings, self.engines, self.session)
        self.rescue = Rescue(
            self.session,
            self.engines.stt,
            self.engines.tts,
            not_heard=self.settings.spoken(self.settings.not_heard),
            speech_lost=self.settings.spoken(self.settings.speech_lost),
            flush_s=self.settings.stt_flush_seconds,
            book=PhraseBook("", None),
        )
        self.recorder = TranscriptRecorder(
            room="room",
            agent="agent",
            caller=lambda: "caller",
            publish=self.messages.append,
            language=self.settings.language,
            clock=turn_clock(self.engines),
        )
        self.recorder.attach(self.session)
        self.microphone = Microphone()
        self.loudspeaker = Loudspeaker(self.settings.tts_sample_rate_hz)
        self._synchronizer = TranscriptSynchronizer(
            next_in_chain_audio=self.loudspeaker, next_in_chain_text=self.recorder.text_output
        )
        self.session.input.audio = self.microphone
        self.session.output.audio = self._synchronizer.audio_output
        self.session.output.transcription = self._synchronizer.text_output
        self._http = httpx.AsyncClient(trust_env=False)
        if self.settings.word_timings == "auto":
            await self.engines.tts.probe()
        tools = build_tools(ToolKit(self.settings, self._http, self.actions))
        self.assistant = Assistant(
            self.settings.spoken(self.settings.instructions),
            tools,
            reply_guard(self.settings),
            OverlapFilter.of(self.session, self.recorder),
            look=self._look,
            before_reply=self.background.stop,
        )
        attend(
            self.session,
            self.engines,
            self.assistant,
            self.recorder,
            tools,
            self.settings,
            self.background,
        )
        await self.session.start(self.assistant, record=False)
        await self.until(lambda: self.engines.stt.connected, 5)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.background.aclose()
        await self.rescue.aclose()
        await self.session.aclose()
        await self._synchronizer.aclose()
        self._observer.end(failed=False)
        await self.engines.aclose()
        await self._http.aclose()
        await self._channel.close()
        await self.speech.stop()
        await self.ollama.stop()

    async def say(self, seconds: float = 0.5) -> float:
        """Be loud for a time; returns when it ended."""
        self.microphone.loud = True
        await asyncio.sleep(seconds)
        self.microphone.loud = False
        return time.monotonic()

    async def until(self, condition: Callable[[], bool], seconds: float = 3.0) -> None:
        """Wait for a condition; fails the test when it does not come, and says what came."""
        try:
            await until(condition, seconds)
        except AssertionError as error:
            said = [(m.speaker, m.text) for m in self.messages if m.final]
            raise AssertionError(f"{error}: {said}, patience {self.patience_ms}") from None

    def finals(self, speaker: str) -> list[str]:
        """Texts of the final messages of one side."""
        return [m.text for m in self.messages if m.final and m.speaker == speaker]

    @property
    def patience_ms(self) -> list[int]:
        """Silence that the speech server was asked to end a complete turn with, each time."""
        return [config.endpointing_config.stop_silence_ms for config in self.speech.stt_configs]

    def history(self) -> list[tuple[str, str]]:
        """Role and text of each message that the model will see."""
        return [(m.role, m.text_content or "") for m in self.session.history.messages()]


def loud_frames(seconds: float) -> list[rtc.AudioFrame]:
    """Frames that the fake speech server takes for speech."""
    return [frame(LOUD) for _ in range(int(seconds / FRAME_S))]


def quiet_frames(seconds: float) -> list[rtc.AudioFrame]:
    """Digital silence."""
    return [frame(QUIET) for _ in range(int(seconds / FRAME_S))]


def frame(samples: bytes) -> rtc.AudioFrame:
    """One frame of the caller's microphone."""
    return rtc.AudioFrame(samples, RATE_HZ, 1, len(array("h", samples)))


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    """Wait for a condition; fails the test when it does not come."""
    end = time.monotonic() + BUSY * seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("what was waited for did not come")
        await asyncio.sleep(0.01)
