"""Writes the transcript from what the session reports.

The caller's words come as recognition results: each utterance is a turn, its final is what was
understood. The agent's words come twice: paced with its voice while it speaks, and, when it ends,
as the item of the chat history, which holds what was played and no more.
"""

import asyncio
import time
from collections.abc import Callable

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
    stt,
    tts,
    utils,
)
from livekit.agents.voice.io import TextOutput

from agent.transcripts.latency import TurnClock
from agent.transcripts.message import Latency, Speaker, TranscriptMessage, time_stamp

INTERIM_SECONDS = 0.2
"""The agent's words go out no more often."""

BROKEN_SECONDS = 1.0
"""Time that the framework has to say what was heard of a reply whose voice broke off."""

Publish = Callable[[TranscriptMessage], None]


class TranscriptRecorder:
    """Makes the messages of one call, in order.

    Args:
        room: The room's name.
        agent: The agent's identity.
        caller: Gives the identity of the caller at that time.
        publish: Takes each message; must return at once.
        language: ISO 639-1 code of the agent's voice.
        clock: Times the turns.
        first_sequence: Number of the first message.
    """

    def __init__(
        self,
        *,
        room: str,
        agent: str,
        caller: Callable[[], str],
        publish: Publish,
        language: str,
        clock: TurnClock,
        first_sequence: int = 1,
    ) -> None:
        self._room = room
        self._agent = agent
        self._caller = caller
        self._publish = publish
        self.language = None if language == "auto" else language
        """ISO 639-1 code of the agent's voice now."""
        self._sequence = first_sequence - 1
        self._user_turn = ""
        self._user_began_s: float | None = None
        self._agent_turn = ""
        self._agent_text = ""
        self._agent_ended = False
        self._broken = False
        self._segment_open = False
        self._drop_segment = False
        self._next_interim_s = 0.0
        self._clock = clock
        self.in_text = False
        """The agent writes its reply; its words are not spoken, so they go out whole."""
        self.text_output = _AgentWords(self)

    def start_at(self, sequence: int) -> None:
        """Go on after a number that an earlier call in this room reached."""
        self._sequence = max(self._sequence, sequence)

    def attach(self, session: AgentSession[None]) -> None:
        """Listen to a session."""
        session.on("user_state_changed", self._on_user_state)
        session.on("user_input_transcribed", self._on_user_words)
        session.on("agent_state_changed", self._on_agent_state)
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)

    @property
    def agent_text(self) -> str:
        """The agent's words of the present reply as far as they were played."""
        return "" if self._agent_ended else self._agent_text

    def aside(self, event: stt.SpeechEvent) -> None:
        """Record words of the caller that the session does not act on."""
        data = event.alternatives[0]
        self._on_user_words(
            UserInputTranscribedEvent(transcript=data.text, is_final=True, language=data.language)
        )

    def typed(self, text: str, participant: str) -> None:
        """Record a chat message of a participant."""
        self._emit("user", text, time.time(), participant, _turn_id(), final=True)

    def words(self, text: str) -> None:
        """Take the agent's next words as they are played."""
        begins, self._segment_open = not self._segment_open, True
        if self._drop_segment or self.in_text:
            return  # the last words of a segment may come after its final
        if self._agent_ended and begins:
            self._finish_broken()
        if (self._agent_ended and begins) or not self._agent_turn:
            self._agent_turn, self._agent_text, self._agent_ended = _turn_id(), "", False
        self._agent_text += text
        now = asyncio.get_running_loop().time()
        if now >= self._next_interim_s and self._agent_text.strip():
            self._next_interim_s = now + INTERIM_SECONDS
            self._emit(
                "agent",
                self._agent_text.strip(),
                time.time(),
                self._agent,
                self._agent_turn,
                final=False,
                language=self.language,
            )

    def end_of_segment(self) -> None:
        """Note that the words of a segment are all there."""
        self._segment_open = self._drop_segment = False

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking" and not self._user_turn:
            self._user_began_s = event.created_at

    def _on_user_words(self, event: UserInputTranscribedEvent) -> None:
        text = event.transcript.strip()
        if not text:
            return
        self._user_turn = self._user_turn or _turn_id()
        if self._user_began_s is None:
            self._user_began_s = event.created_at
        self._emit(
            "user",
            text,
            self._user_began_s,
            self._caller(),
            self._user_turn,
            final=event.is_final,
            language=event.language.language if event.language else None,
        )
        if event.is_final:
            self._user_turn, self._user_began_s = "", None

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._agent_ended = True
            if self._broken:
                asyncio.get_running_loop().call_later(BROKEN_SECONDS, self._finish_broken)
        elif event.new_state == "speaking" and self._agent_turn and not self._broken:
            self._agent_ended = False  # it had paused

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, tts.TTSError) and not event.error.recoverable:
            self._broken = True

    def _finish_broken(self) -> None:
        """Write down a text whose voice broke off; the framework gives no item for some."""
        text = self._agent_text.strip()
        if not self._broken or not self._agent_turn or not text:
            return
        turn, self._agent_turn, self._broken = self._agent_turn, "", False
        self._emit(
            "agent",
            text,
            time.time(),
            self._agent,
            turn,
            final=True,
            language=self.language,
            interrupted=True,
        )

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage):
            return
        if item.role == "user":
            self._clock.user_turn(item.metrics, event.created_at)
            return
        text = (item.text_content or "").strip()
        if item.role != "assistant" or not text:
            return
        self._broken = False
        metrics = item.metrics or {}
        turn = self._agent_turn or _turn_id()
        self._agent_turn, self._drop_segment = "", self._segment_open
        self._emit(
            "agent",
            text,
            metrics.get("started_speaking_at") or item.created_at,
            self._agent,
            turn,
            final=True,
            language=self.language,
            interrupted=item.interrupted,
            latency=self._clock.reply(metrics),
        )

    def _emit(
        self,
        speaker: Speaker,
        text: str,
        said_s: float,
        participant: str,
        turn_id: str,
        *,
        final: bool,
        language: str | None = None,
        interrupted: bool = False,
        latency: Latency | None = None,
    ) -> None:
        self._sequence += 1
        self._publish(
            TranscriptMessage(
                speaker=speaker,
                text=text,
                timestamp=time_stamp(said_s),
                room=self._room,
                participant=participant,
                turn_id=turn_id,
                sequence=self._sequence,
                final=final,
                language=language,
                interrupted=interrupted,
                latency=latency,
            )
        )


class _AgentWords(TextOutput):
    """The end of the framework's chain of text outputs."""

    def __init__(self, recorder: TranscriptRecorder) -> None:
        super().__init__(label="transcripts", next_in_chain=None)
        self._recorder = recorder

    async def capture_text(self, text: str) -> None:
        self._recorder.words(text)

    def flush(self) -> None:
        self._recorder.end_of_segment()


def _turn_id() -> str:
    return utils.shortuuid("turn_")
