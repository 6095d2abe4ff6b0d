"""A call: the greeting, then one spoken turn after the other, each with its deadline."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from caller.errors import WaitTimeoutError
from caller.measure import (
    AGENT_THRESHOLD_DBFS,
    Stages,
    stages,
    voiced_span,
)
from caller.messages import TranscriptMessage
from caller.microphone import lag_percentile_ms
from caller.participant import Participant, join
from caller.recorder import Recorder, Samples
from caller.settings import CallerSettings
from caller.speech import Clip
from caller.token import ControlApi, Token

__all__ = ["AgentTurn", "Conversation", "Turn", "call"]

_SILENCE_S = 0.6  # longer than the pause between two sentences of the agent
_TELL_EVERY_S = 5.0
_PLAY_MARGIN_S = 10.0
_VOICE_MARGIN_S = 0.3

Tell = Callable[[str], None]


@dataclass(frozen=True)
class AgentTurn:
    """What the agent said in one turn: its own words, and the sound that arrived."""

    text: str
    audio: Samples
    first_voice_s: float
    last_voice_s: float
    interrupted: bool


@dataclass(frozen=True)
class Turn:
    """One exchange: a recording was spoken, the agent answered.

    `measured_ms` is negative where the agent began before the caller had ended (a false start).
    """

    clip: Clip
    heard: str
    agent: AgentTurn
    stages: Stages
    send_lag_p99_ms: float

    @property
    def measured_ms(self) -> float:
        """Last voiced sample sent to first voiced sample received, in milliseconds."""
        return self.stages.measured_ms


class Conversation:
    """A call that is under way; made by `call`."""

    def __init__(
        self, participant: Participant, settings: CallerSettings, room: str, tell: Tell
    ) -> None:
        self.participant = participant
        self.room = room
        self._settings = settings
        self._tell = tell

    @property
    def recorder(self) -> Recorder:
        """Both sides of the call."""
        return self.participant.recorder

    @property
    def messages(self) -> Sequence[TranscriptMessage]:
        """Every transcript message of the call in order of arrival."""
        return self.participant.messages

    @property
    def send_lag_p99_ms(self) -> float:
        """How late the microphone was at worst but one of a hundred frames, in milliseconds."""
        return lag_percentile_ms(self.participant.microphone.lags_s, 99)

    async def hear_greeting(self) -> AgentTurn:
        """Hears the agent's greeting to its end."""
        start_s = self.recorder.sent[0].time_s if self.recorder.sent else time.monotonic()
        self._tell("waiting for the agent to join and greet")
        return await self._hear_agent(start_s, 0, self._settings.greeting_timeout_s, "greeting")

    async def speak(self, clip: Clip) -> Turn:
        """Speaks a recording and hears the answer to its end."""
        first_message = len(self.messages)
        lags = self.participant.microphone.lags_s
        lags_before = len(lags)
        self._tell(f"speaking {clip.name} ({clip.duration_s:.1f} s, {clip.origin})")
        try:
            spoken = await asyncio.wait_for(
                self.participant.microphone.play(clip.samples), clip.duration_s + _PLAY_MARGIN_S
            )
        except TimeoutError as error:
            reason = self.participant.closed or "the microphone is too slow"
            raise WaitTimeoutError(f"{clip.name} could not be spoken: {reason}") from error
        sent = self.recorder.sent_between(spoken.start_s, spoken.end_s)
        self._tell("waiting for the answer")
        agent = await self._hear_agent(
            spoken.start_s, first_message, self._settings.turn_timeout_s, "answer", answers=True
        )
        span = await asyncio.to_thread(voiced_span, sent, clip.rate_hz, clip.threshold_dbfs)
        end_s = span.last_s if span else spoken.end_s
        finals = [m for m in self.messages[first_message:] if m.final]
        heard = " ".join(m.text for m in finals if m.speaker == "user")
        # Of the first words alone: later ones (after an apology) answer another wait.
        latency = next((m.latency for m in finals if m.speaker == "agent"), None)
        turn = Turn(
            clip=clip,
            heard=heard,
            agent=agent,
            stages=stages(agent.first_voice_s - end_s, latency),
            send_lag_p99_ms=lag_percentile_ms(type(lags)(list(lags)[lags_before:]), 99),
        )
        self._tell(f"heard the answer; turn latency {turn.measured_ms:.0f} ms")
        return turn

    async def _hear_agent(
        self, since_s: float, first_message: int, timeout_s: float, what: str, answers: bool = False
    ) -> AgentTurn:
        """Waits until the agent has said something after `since_s`, and has come to its end."""
        participant = self.participant

        def finals(speaker: str) -> list[TranscriptMessage]:
            new = self.messages[first_message:]
            return [m for m in new if m.final and m.speaker == speaker]

        def missing() -> list[str]:
            voice_s = participant.last_voice_s
            lacks = {
                "the agent to join": participant.agent is not None,
                f"its turn in the queue (number {participant.queue_position})": (
                    not participant.queue_position
                ),
                "the caller's words on `transcripts`": not answers or bool(finals("user")),
                "the agent's voice": voice_s is not None and voice_s > since_s,
                "the agent's words on `transcripts`": bool(finals("agent")),
                "silence": participant.silent_for(_SILENCE_S),
                "the agent's state to be listening (it is "
                f"{participant.agent_state})": participant.agent_state == "listening",
            }
            return [name for name, there in lacks.items() if not there]

        began_s = time.monotonic()

        def left_s() -> float:
            if participant.queue_position:  # the agent says itself how long that may take
                return timeout_s
            counted_from_s = max(began_s, participant.queue_left_s or began_s)
            return counted_from_s + timeout_s - time.monotonic()

        while missing():
            try:
                await participant.wait_until(
                    lambda: not missing(),
                    min(left_s(), _TELL_EVERY_S),
                    lambda: ", ".join(missing()),
                )
            except WaitTimeoutError:
                if left_s() <= 0:
                    raise WaitTimeoutError(
                        f"{what}: after {timeout_s:.0f} s still waiting for {', '.join(missing())}"
                    ) from None
                self._tell(f"still waiting for {', '.join(missing())}")
        since_s = max(since_s, participant.queue_left_s or since_s)  # what is said there is none
        received = [f for f in self.recorder.received if f.time_s >= since_s]
        span = await asyncio.to_thread(
            voiced_span, received, self.recorder.rate_hz, AGENT_THRESHOLD_DBFS
        )
        if span is None:
            raise WaitTimeoutError(f"{what}: nothing but clicks was heard of the agent")
        audio = self.recorder.received_between(
            span.first_s - _VOICE_MARGIN_S, span.last_s + _VOICE_MARGIN_S
        )
        said = finals("agent")
        return AgentTurn(
            text=" ".join(m.text for m in said),
            audio=audio,
            first_voice_s=span.first_s,
            last_voice_s=span.last_s,
            interrupted=any(m.interrupted for m in said),
        )


@asynccontextmanager
async def call(
    settings: CallerSettings,
    api: ControlApi,
    tell: Tell,
    room: str | None = None,
    agent: str | None = None,
) -> AsyncIterator[Conversation]:
    """Gets a token, joins the room and stays in it until the block ends.

    `agent` is the name of the agent that is called; None calls the one that the API dispatches.
    """
    token: Token = await api.token(
        room or f"{settings.room_prefix}-{secrets.token_hex(4)}", settings.name, agent
    )
    recorder = Recorder(settings.sample_rate_hz, settings.record_limit_s)
    tell(f"joining room {token.room_name} at {token.server_url}")
    async with join(
        token.server_url,
        token.participant_token,
        recorder,
        frame_ms=settings.frame_ms,
        room_noise_dbfs=settings.room_noise_dbfs,
    ) as participant:
        yield Conversation(participant, settings, token.room_name, tell)
