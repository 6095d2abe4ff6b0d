"""One call, in a process of its own, from its dispatch to its end."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import structlog
from livekit import rtc
from livekit.agents import AgentSession, APIError, CloseEvent, JobContext, JobProcess

from agent import heard, playout
from agent.assistant import Assistant, reply_guard
from agent.assistants import AssistantCatalogue, CallRequest, McpServer, assistant_settings
from agent.attendants import attend
from agent.background import BackgroundWork
from agent.barge_in import load_vad
from agent.callers import CallerWatch
from agent.chat import Chat
from agent.errors import TranscriptStoreError
from agent.observer import SessionObserver
from agent.overlap import OverlapFilter
from agent.phrases import phrase_book
from agent.queue import admit
from agent.rescue import Rescue
from agent.resume import REMEMBERED, cut_off, has_begun, is_resumed, is_unanswered, remember
from agent.session import (
    Engines,
    build_session,
    keep_patience,
    open_engines,
    room_options,
    turn_clock,
)
from agent.settings import Settings
from agent.speech import open_channel
from agent.speech.channel import wait_until_ready
from agent.telemetry import configure_events
from agent.telemetry.tracing import configure_tracing, flush_traces
from agent.telephone import PhoneLine, RoomActions
from agent.tools import ToolKit, build_tools
from agent.tools.mcp import McpTools
from agent.transcripts import (
    TOPIC,
    TranscriptMessage,
    TranscriptPublisher,
    TranscriptRecorder,
    TranscriptStore,
)
from agent.vision import LatestFrame

log = structlog.stdlib.get_logger(__name__)

SPEECH_SECONDS = 30.0
"""Longest wait for the speech server before the greeting."""
SEQUENCE_SECONDS = 1.0


def prepare_process(process: JobProcess) -> None:
    """Load what a call needs before there is one; livekit-agents calls it in a new process."""
    configure_events()
    playout.install()
    heard.install()
    settings = Settings()
    configure_tracing(settings.traces_url)
    process.userdata["settings"] = settings
    process.userdata["vad"] = load_vad(settings)
    process.userdata["tls"] = ssl.create_default_context()


async def take_call(context: JobContext, parts: "Parts | None" = None) -> None:
    """Hold a call, once it has its place; livekit-agents runs it in a prepared process."""
    structlog.contextvars.bind_contextvars(job=context.job.id)
    settings = context.proc.userdata["settings"]
    if not await admit(context, settings):
        return
    call = Call(context, settings, parts)
    context.add_shutdown_callback(call.aclose)
    await call.start()


@dataclass(frozen=True)
class Parts:
    """What a call is built from; a bench puts measuring parts, or a peer's, in their place."""

    open_engines: Callable[..., Engines] = open_engines
    build_session: Callable[[Settings, Engines], AgentSession[None]] = build_session
    assistant: Callable[..., Assistant] = Assistant


class Call:
    """The parts of one call.

    Args:
        context: LiveKit's job; its metadata says which assistant answers.
        settings: The agent's.
        parts: What it is built from.
    """

    def __init__(self, context: JobContext, settings: Settings, parts: Parts | None = None) -> None:
        self._context = context
        request = CallRequest.parse(context.job.metadata)
        self._assistant = AssistantCatalogue(settings.agents_dir).choose(
            request, settings.assistant
        )
        settings = assistant_settings(settings, self._assistant, request)
        self._settings = settings
        self._parts = parts or Parts()
        self._channel = open_channel(settings.speech_target)
        prepared = context.proc.userdata
        self._http = httpx.AsyncClient(
            trust_env=False, follow_redirects=True, verify=prepared["tls"]
        )
        self._engines = self._parts.open_engines(
            settings, self._channel, prepared["vad"], prepared["tls"]
        )
        self._session = self._parts.build_session(settings, self._engines)
        self._observer = SessionObserver(self._session, turn_clock(self._engines))
        keep_patience(settings, self._engines, self._session)
        self._rescue = Rescue(
            self._session,
            self._engines.stt,
            self._engines.tts,
            not_heard=settings.spoken(settings.not_heard),
            speech_lost=settings.spoken(settings.speech_lost),
            flush_s=settings.stt_flush_seconds,
            book=phrase_book(settings),
        )
        room = context.job.room.name
        self._store = (
            TranscriptStore(
                settings.redis_url.get_secret_value(), room, keep_s=settings.transcript_seconds
            )
            if settings.transcripts
            else None
        )
        self._publisher = TranscriptPublisher(
            self._send_to_room, self._store, limit=settings.transcript_queue
        )
        self._resumed = is_resumed(context.job)
        self._said: list[TranscriptMessage] = []
        self._callers: CallerWatch | None = None
        self._line: PhoneLine | None = None
        self._opening: asyncio.Task[None] | None = None
        self._sight: LatestFrame | None = None
        self._mcp = McpTools()
        self._background = BackgroundWork()

    async def start(self) -> None:
        """Join the room and greet the caller."""
        settings, session = self._settings, self._session
        self._publisher.start()
        sequence = asyncio.create_task(self._last_sequence(), name="last sequence")
        mcp = asyncio.create_task(self._mcp.open(self._mcp_servers()), name="MCP servers")
        await self._context.connect()
        room = self._context.room
        recorder = TranscriptRecorder(
            room=room.name,
            agent=room.local_participant.identity,
            caller=self._caller_identity,
            publish=self._publisher.publish,
            language=settings.language,
            clock=turn_clock(self._engines),
            first_sequence=await sequence + 1,
        )
        recorder.attach(session)
        actions = RoomActions(room, self._context.api, session, settings, self._caller_identity)
        chat = Chat(session, recorder, actions.send_text, in_voice=settings.text_replies == "voice")
        tools = build_tools(ToolKit(settings, self._http, actions), self._assistant.http_tools)
        tools += await mcp
        if settings.vision:
            self._sight = LatestFrame(room)
        ready = asyncio.create_task(self._wait_for_speech(), name="speech server")
        session.on("close", self._on_close)
        assistant = self._parts.assistant(
            settings.spoken(settings.instructions),
            tools,
            reply_guard(settings),
            OverlapFilter.of(session, recorder),
            look=self._look if settings.vision else None,
            before_reply=self._background.stop,
        )
        if self._said:
            await remember(assistant, self._said)
        if lost := cut_off(self._said):  # the page waits for its end
            with contextlib.suppress(rtc.participant.PublishDataError):
                await self._send_to_room(lost.to_json())
        attend(session, self._engines, assistant, recorder, tools, settings, self._background)
        await session.start(
            assistant,
            room=room,
            room_options=room_options(settings, recorder.text_output, chat.answer),
            record=False,
        )
        self._callers = CallerWatch(room, session, settings.rejoin_seconds)
        self._line = PhoneLine(room, session, settings, actions, recorder, assistant.hold_turns)
        log.info("Call started", assistant=self._assistant.name)
        await ready
        self._rescue.start()
        self._opening = asyncio.create_task(self._open(self._line), name="opening")
        await self._engines.llm.warm(assistant.chat_ctx.copy(), tools)

    async def _open(self, line: PhoneLine) -> None:
        """Greet the caller, once there is one who has picked up."""
        if has_begun(self._said):
            self._go_on()
            line.watch()
            return
        if not await line.is_answered():
            return
        if greeting := self._settings.spoken(self._settings.greeting):
            with contextlib.suppress(RuntimeError):  # the caller has left already
                self._session.say(greeting)
        line.watch()

    def _go_on(self) -> None:
        """Tell the caller, and answer what was not answered."""
        with contextlib.suppress(RuntimeError):  # the caller has left already
            if words := self._settings.spoken(self._settings.resumed):
                self._session.say(words)
            if is_unanswered(self._said):
                self._session.generate_reply()

    def _mcp_servers(self) -> list[McpServer]:
        named = [McpServer(url=url) for url in self._settings.mcp_servers]
        return [*named, *self._assistant.mcp_servers]

    async def _look(self) -> rtc.VideoFrame | None:
        if self._sight is None or not await self._engines.llm.sees():
            return None
        return self._sight.look()

    async def aclose(self) -> None:
        """Let go of everything; livekit-agents calls it when the job ends."""
        self._observer.end(failed=False)
        await self._background.aclose()
        await self._mcp.aclose()
        if self._sight:
            await self._sight.aclose()
        if self._callers:
            await self._callers.aclose()
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._line:
            await self._line.aclose()
        await self._rescue.aclose()
        await self._publisher.aclose()
        await self._engines.aclose()
        await self._http.aclose()
        await self._channel.close()
        await flush_traces()
        log.info("Call ended")

    def _caller_identity(self) -> str:
        return self._callers.identity if self._callers else ""

    async def _send_to_room(self, data: bytes) -> None:
        participant = self._context.room.local_participant
        await participant.publish_data(data, reliable=True, topic=TOPIC)

    async def _last_sequence(self) -> int:
        if self._store is None:
            return 0
        try:
            async with asyncio.timeout(SEQUENCE_SECONDS):
                if self._resumed:
                    self._said = await self._store.recover(REMEMBERED)
                return await self._store.last_sequence()
        except (TranscriptStoreError, TimeoutError):
            log.warning("Redis is away; the transcript is kept in memory until it is back")
            return 0

    async def _wait_for_speech(self) -> None:
        try:
            await wait_until_ready(self._channel, SPEECH_SECONDS)
        except APIError:
            log.error("No speech server is ready; the call goes on without a greeting")
            return
        if self._settings.word_timings == "auto":
            served = await self._engines.tts.probe()
            log.info("Speech server is ready", word_timings=served)

    def _on_close(self, event: CloseEvent) -> None:
        self._context.shutdown(event.reason.value)
