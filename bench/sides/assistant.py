"""The assistant with measuring points: what it hears, asks, says, and when that is played."""

import time
from collections.abc import AsyncIterable, AsyncIterator
from itertools import count
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import (
    ConversationItemAddedEvent,
    FlushSentinel,
    ModelSettings,
    UserStateChangedEvent,
    llm,
    stt,
)

from agent.assistant import Assistant
from bench.sides.marks import Marks
from caller.measure import AGENT_THRESHOLD_DBFS, level_dbfs, voiced_span
from caller.recorder import TimedFrame

__all__ = ["MeasuredAssistant"]

FRAMES_A_LINE = 25
LONGEST_LEAD_S = 2.0

_TEXTS = {
    stt.SpeechEventType.INTERIM_TRANSCRIPT: "interim",
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT: "preflight",
    stt.SpeechEventType.FINAL_TRANSCRIPT: "final",
}


class MeasuredAssistant(Assistant):
    """An assistant that notes its moments.

    Args:
        marks: Takes them.
        arguments: What the assistant takes.
        named: The same, by name.
    """

    def __init__(self, marks: Marks, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._marks = marks
        self._numbers = count(1)

    async def on_enter(self) -> None:
        """Note what the session tells."""
        if output := self.session.output.audio:
            output.on("playback_started", lambda _: self._marks("playback"))
        self.session.on("conversation_item_added", self._on_item)
        self.session.on("user_state_changed", self._on_user)
        await super().on_enter()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "user":
            self._marks("commit")

    def _on_user(self, event: UserStateChangedEvent) -> None:
        self._marks("user", state=event.new_state)

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        """Note how loud each frame is that comes in, and each text that comes out."""
        async for event in super().stt_node(self._hear(audio), model_settings):
            if (kind := _TEXTS.get(event.type)) and event.alternatives:
                self._marks(kind, words=len(event.alternatives[0].text.split()))
            yield event

    async def _hear(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        levels: list[tuple[float, float]] = []
        async for frame in audio:
            level = level_dbfs(np.frombuffer(frame.data, np.int16))
            levels.append((round(time.monotonic(), 4), round(level, 1)))
            if len(levels) == FRAMES_A_LINE:
                self._marks.at(levels[0][0], "levels", levels=levels)
                levels = []
            yield frame

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[llm.ChatChunk | str | FlushSentinel]:
        """Note when the model is asked and when its first words come."""
        number = next(self._numbers)
        self._marks("asked", n=number)
        begun = False
        async for chunk in super().llm_node(chat_ctx, tools, model_settings):
            words = chunk if isinstance(chunk, str) else ""
            if isinstance(chunk, llm.ChatChunk) and chunk.delta:
                words = chunk.delta.content or ""
            if words and not begun:
                begun = True
                self._marks("token", n=number)
            yield chunk

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncIterator[rtc.AudioFrame]:
        """Note the first text and the first sound of what is spoken."""
        number = next(self._numbers)

        async def words() -> AsyncIterator[str]:
            begun = False
            async for piece in text:
                if not begun and piece.strip():
                    begun = True
                    self._marks("text", n=number)
                yield piece

        heard: list[TimedFrame] | None = []
        length_s = 0.0
        made = super().tts_node(words(), model_settings)
        async for frame in made:  # type: ignore[union-attr]
            if heard is not None:
                if not heard:
                    self._marks("frame", n=number)
                heard.append(TimedFrame(length_s, np.frombuffer(frame.data, np.int16)))
                length_s += frame.duration
                span = voiced_span(heard, frame.sample_rate, AGENT_THRESHOLD_DBFS)
                if span or length_s > LONGEST_LEAD_S:
                    self._marks("lead", n=number, s=round(span.first_s if span else length_s, 4))
                    heard = None
            yield frame
