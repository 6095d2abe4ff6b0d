"""Answers what is typed: in text, or in voice as well."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from livekit.agents import AgentSession, ToolError, llm, room_io
from livekit.agents.voice import SpeechHandle

from agent.transcripts import TranscriptRecorder

log = structlog.stdlib.get_logger(__name__)

ANSWER_SECONDS = 60.0

SendText = Callable[[str], Awaitable[None]]


class Chat:
    """The chat of one call.

    Args:
        session: The call's session.
        recorder: Writes both sides down.
        send: Writes into the room's chat.
        in_voice: Answers are spoken; else they are written, and the voice is silent meanwhile.
    """

    def __init__(
        self,
        session: AgentSession[None],
        recorder: TranscriptRecorder,
        send: SendText,
        *,
        in_voice: bool,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._send = send
        self._in_voice = in_voice
        self._turn = asyncio.Lock()

    async def answer(self, session: AgentSession[None], event: room_io.TextInputEvent) -> None:
        """Answer a message; the framework's `text_input_cb`."""
        text = event.text.strip()
        if not text:
            return
        self._recorder.typed(text, event.participant.identity if event.participant else "")
        async with self._turn:
            if self._in_voice:
                await self._begin(text)
            else:
                await self._write(text)

    async def _begin(self, text: str) -> SpeechHandle:
        async with self._session._claim_user_turn():  # as the framework's documentation asks
            await self._session.interrupt()
            return self._session.generate_reply(user_input=text)

    async def _write(self, text: str) -> None:
        output = self._session.output
        output.set_audio_enabled(False)
        self._recorder.in_text = True
        try:
            speech = await self._begin(text)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(speech.wait_for_playout(), ANSWER_SECONDS)
        finally:
            self._recorder.in_text = False
            output.set_audio_enabled(True)
        answer = " ".join(
            (item.text_content or "").strip()
            for item in speech.chat_items
            if isinstance(item, llm.ChatMessage) and item.role == "assistant"
        ).strip()
        if answer:
            with contextlib.suppress(ToolError):  # logged there
                await self._send(answer)
