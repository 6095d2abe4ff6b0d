"""Keeps the line alive when speech fails.

The phrases for that are spoken once at the start of a call and kept, so that they can be played
when the speech server is away.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import structlog
from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    APIError,
    ErrorEvent,
    UserStateChangedEvent,
    UserTranscriptionTimeoutEvent,
    tts,
)

from agent.phrases import PhraseBook
from agent.speech import GrpcSTT, GrpcTTS
from agent.telemetry import metrics

log = structlog.stdlib.get_logger(__name__)

QUIET_SECONDS = 5.0
"""The same trouble is not told more often."""
NOISE_SECONDS = 1.0
"""Voice shorter than this without any text is taken for a noise."""
DEAF_SECONDS = 1.0
"""After so long a silence of the caller, no recognition is told; a short break is not."""
RECENT_SECONDS = 2.5
"""Words that came so lately belong to the turn that waits for an answer."""
RECORD_RETRY_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 10.0
"""After so long without a word of the agent, the phrases are recorded all the same."""


class Rescue:
    """Speaks when the speech server does not, and wakes it when it hangs.

    Args:
        session: The call's session.
        stt: Its recogniser.
        synthesiser: Its voice.
        not_heard: Said when the caller spoke and no text came of it.
        speech_lost: Said when a reply cannot be spoken.
        flush_s: Silence after which an open utterance is to be finished, in seconds.
        book: The phrases as sound.
    """

    def __init__(
        self,
        session: AgentSession[None],
        stt: GrpcSTT,
        synthesiser: GrpcTTS,
        *,
        not_heard: str,
        speech_lost: str,
        flush_s: float,
        book: PhraseBook,
    ) -> None:
        self._session = session
        self._stt = stt
        self._tts = synthesiser
        self._not_heard = not_heard
        self._speech_lost = speech_lost
        self._flush_s = flush_s
        self._book = book
        self._speaking = asyncio.Event()
        self._recording: asyncio.Task[None] | None = None
        self._flush: asyncio.TimerHandle | None = None
        self._deaf: asyncio.TimerHandle | None = None
        self._told_s = 0.0
        session.on("error", self._on_error)
        session.on("agent_state_changed", self._on_agent_state)
        session.on("user_state_changed", self._on_user_state)
        session.on("user_transcription_timeout", self._on_no_text)

    def start(self) -> None:
        """Record the phrases while the agent first speaks; `aclose` ends it."""
        self._recording = asyncio.create_task(self._record(), name="recorded phrases")

    async def aclose(self) -> None:
        """Stop."""
        for timer in (self._flush, self._deaf):
            if timer:
                timer.cancel()
        if self._recording:
            self._recording.cancel()
            await asyncio.gather(self._recording, return_exceptions=True)

    def is_recorded(self) -> bool:
        """The phrases can be played without the speech server."""
        return all(self._book.find(phrase) is not None for phrase in self._phrases())

    def _phrases(self) -> list[str]:
        return [phrase for phrase in (self._speech_lost, self._not_heard) if phrase]

    async def _record(self) -> None:
        if self.is_recorded():
            return
        # Not while the caller speaks: recognition needs the machine then.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._speaking.wait(), LONGEST_WAIT_SECONDS)
        for phrase in self._phrases():
            while self._book.find(phrase) is None:
                try:
                    await self._book.record(phrase, self._tts)
                except APIError as error:
                    log.info("A phrase is not recorded yet", error=type(error).__name__)
                    await asyncio.sleep(RECORD_RETRY_SECONDS)

    def _say(self, phrase: str, reason: str) -> None:
        now = time.monotonic()
        if not phrase or now - self._told_s < QUIET_SECONDS:
            return
        frames = self._book.find(phrase)
        if frames is None and reason == "speech_lost":
            log.error("The agent cannot speak: no speech server, and nothing recorded")
            return
        self._told_s = now
        metrics().fallbacks.labels(reason).inc()
        try:
            if frames is None:
                self._session.say(phrase)
            else:
                self._session.say(phrase, audio=_play(frames))
        except RuntimeError:
            log.info("The call is over; nothing is said")

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._speaking.set()

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, tts.TTSError) and not event.error.recoverable:
            self._say(self._speech_lost, "speech_lost")

    def _on_no_text(self, event: UserTranscriptionTimeoutEvent) -> None:
        heard = self._stt.last_final_s >= event.vad_speech_started_at
        if self._stt.connected and (
            heard or self._stt.in_utterance or event.speech_duration < NOISE_SECONDS
        ):
            return  # the server found no words in it, or is at it still
        self._say(self._not_heard, "not_heard")

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if self._flush:
            self._flush.cancel()
            self._flush = None
        if self._deaf:
            self._deaf.cancel()
            self._deaf = None
        if event.old_state != "speaking":
            return
        loop = asyncio.get_running_loop()
        self._deaf = loop.call_later(DEAF_SECONDS, self._tell_deaf)
        if self._flush_s:
            self._flush = loop.call_later(self._flush_s, self._finish_utterance)

    def _tell_deaf(self) -> None:
        if self._stt.connected:
            return
        if time.time() - self._stt.last_words_s > RECENT_SECONDS:
            self._say(self._not_heard, "not_heard")
        elif self._session.agent_state == "thinking":
            # The words were understood, but nothing can be said in answer; what waits for its
            # voice would hold this up.
            with contextlib.suppress(RuntimeError):
                self._session.interrupt()
            self._say(self._speech_lost, "speech_lost")

    def _finish_utterance(self) -> None:
        if self._stt.in_utterance:
            log.info("An utterance is finished by the agent", silence_s=self._flush_s)
            self._stt.flush()


async def _play(frames: list[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames:
        yield frame
