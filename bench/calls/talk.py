"""A side's calls: opened when there is something to say, kept, and opened again when one broke."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.calls.replies import Script
from bench.calls.rig import agent_name
from bench.calls.settings import CallBenchSettings
from bench.calls.stages import StageError, downlink_s, stages_of
from bench.sides.marks import read_marks
from caller.conversation import Conversation, Turn, call
from caller.errors import CallerError, WaitTimeoutError
from caller.score import score
from caller.settings import CallerSettings
from caller.speech import Clip
from caller.token import ControlApi

__all__ = ["Talker", "turn_line"]

_LEAVE_S = 15.0


class Called(Protocol):
    """What is called: a `bench.calls.rig.Rig`, or what stands for one elsewhere."""

    @property
    def settings(self) -> CallBenchSettings:
        """How much is measured."""

    @property
    def caller(self) -> CallerSettings:
        """How the caller talks."""

    @property
    def script(self) -> Script | None:
        """What the model says, where it is scripted and known here."""

    def trace(self, side: str) -> Path:
        """Folder of the moments of a side's calls."""


@dataclass
class Talker:
    """One caller of a side.

    Attributes:
        rig: What is called.
        api: Gives tokens.
        side: Which agent.
        on_greeting: Takes the way of each greeting to the caller, in milliseconds.
        endless: Keep one call for all turns.
        call_open_s: From the wish to call to the greeting's first sound.
        began_s: When that wish was.
        queued_s: How long the call has waited in the agent's queue, in seconds.
        turned_away: The agent hung up instead of greeting.
    """

    rig: Called
    api: ControlApi
    side: str
    on_greeting: Callable[[float], None] = lambda _: None
    endless: bool = False
    call_open_s: float | None = None
    began_s: float = 0.0
    queued_s: float = 0.0
    turned_away: bool = False
    talk: Conversation | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _turns: int = 0

    async def ready(self) -> Conversation:
        """Give an open call; calls, and hears the greeting, when there is none.

        Raises:
            CallerError: No call can be held.
        """
        full = self._turns >= self.rig.settings.turns_per_call
        if self.talk is not None and full and not self.endless:
            await self.hang_up()
        if self.talk is not None and not self.talk.participant.closed:
            return self.talk
        await self.hang_up()
        self.began_s = time.monotonic()
        room = f"bench-{self.side}-{secrets.token_hex(4)}"
        talk = await self._open.enter_async_context(
            call(self.rig.caller, self.api, lambda _: None, room, agent_name(self.side))
        )
        try:
            greeting = await talk.hear_greeting()
        except CallerError:
            self.queued_s = talk.participant.queued_s
            self.turned_away = talk.participant.closed is not None
            await self.hang_up()
            raise
        self.queued_s = talk.participant.queued_s
        self.call_open_s = greeting.first_voice_s - self.began_s
        marks = read_marks(self.rig.trace(self.side), room)
        with suppress(StageError):  # the turns of this call will say so
            self.on_greeting(round(downlink_s(marks, greeting.first_voice_s) * 1000, 1))
        self.talk, self._turns = talk, 0
        return talk

    async def ask(self, clip: Clip) -> dict[str, Any]:
        """Speak a recording and give the turn as a line of figures; a missed one says why."""
        line: dict[str, Any] = {"side": self.side, "clip": clip.name}
        try:
            talk = await self.ready()
        except CallerError as error:
            return {**line, "failed": str(error)}
        self._turns += 1
        try:
            turn = await talk.speak(clip)
        except WaitTimeoutError as error:
            await self.hang_up()
            return {**line, "reference": clip.reference, "missed": str(error)}
        except CallerError as error:
            await self.hang_up()
            return {**line, "failed": str(error)}
        # Not here: the microphones of other calls would wait for it.
        found = await asyncio.to_thread(turn_line, self.rig, self.side, talk, turn)
        script = self.rig.script
        if script is not None and not script.is_mine(turn.agent.text):
            found["missed"] = "the agent said something else than an answer"
        return found

    async def hang_up(self) -> None:
        """Leave the call, if there is one."""
        self.talk = None
        with suppress(CallerError, TimeoutError):  # the room may be gone
            async with asyncio.timeout(_LEAVE_S):
                await self._open.aclose()
        self._open = AsyncExitStack()


def turn_line(rig: Called, side: str, talk: Conversation, turn: Turn) -> dict[str, Any]:
    """Give a turn as a line of figures, with the moments from which its stages are made."""
    begin_s = turn.agent.first_voice_s
    end_s = begin_s - turn.measured_ms / 1000
    line: dict[str, Any] = {
        "side": side,
        "clip": turn.clip.name,
        "clip_s": round(turn.clip.duration_s, 2),
        "latency_ms": round(turn.measured_ms, 1),
        "heard": turn.heard,
        "reference": turn.clip.reference,
        "answer": turn.agent.text,
        "interrupted": turn.agent.interrupted,
        "send_lag_p99_ms": round(turn.send_lag_p99_ms, 2),
    }
    if turn.clip.reference:
        line["wer"] = round(score([(turn.clip.reference, turn.heard)]).wer, 4)
    try:
        line["stages"] = stages_of(read_marks(rig.trace(side), talk.room), end_s, begin_s)
    except StageError as error:
        line["unexplained"] = str(error)
    return line
