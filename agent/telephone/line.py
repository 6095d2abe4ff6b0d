"""The telephone side of a call: answering, keys, silence."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from livekit import rtc
from livekit.agents import AgentSession

from agent.settings import Settings
from agent.telephone.actions import RoomActions
from agent.telephone.answering import Answer, AnsweringMachine
from agent.telephone.caller import (
    CallState,
    caller_state,
    is_phone,
    wait_for_caller,
    wait_until_answered,
)
from agent.telephone.keypad import Keypad, entry_text
from agent.telephone.silence import SilenceWatch
from agent.transcripts import TranscriptRecorder

log = structlog.stdlib.get_logger(__name__)


class PhoneLine:
    """What a telephone adds to a call; a browser's has the keypad and the silence of it.

    Args:
        room: The connected room.
        session: The call's session, started.
        settings: Of the call.
        actions: Ends the call.
        recorder: Writes the keys down.
        hold_turns: Gives the caller's turns to a function instead of the model; None ends that.
    """

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        settings: Settings,
        actions: RoomActions,
        recorder: TranscriptRecorder,
        hold_turns: Callable[[Callable[[str], None] | None], None],
    ) -> None:
        self._room = room
        self._session = session
        self._settings = settings
        self._actions = actions
        self._recorder = recorder
        self._hold_turns = hold_turns
        self._presser = ""
        self._keypad = Keypad(self._on_entry, self._on_key)
        self._silence: SilenceWatch | None = None
        self._entering: set[asyncio.Task[None]] = set()
        room.on("sip_dtmf_received", self._on_dtmf)

    async def is_answered(self) -> bool:
        """Wait until the caller is there to be greeted; False when nobody is to be.

        A telephone that is being called is waited for, and told apart from a machine, which gets
        the message for it, or is hung up on.
        """
        caller = await wait_for_caller(self._room)
        if caller_state(caller) is not CallState.WAITING:
            return True
        log.info("Waiting for the telephone to be answered")
        machine: AnsweringMachine | None = None
        try:
            self._hold_turns(lambda _: None)  # a voice in the ringing is nobody's turn
            if not await wait_until_answered(self._room, caller):
                return False
            machine = AnsweringMachine(self._session)
            self._hold_turns(machine.turn_over)  # what is said on picking up is not answered
            answer = await machine.decide()
            if answer is not Answer.MACHINE:
                return True
            if message := self._settings.spoken(self._settings.voicemail):
                await machine.wait_for_end()
                with contextlib.suppress(RuntimeError):
                    await self._session.say(message, allow_interruptions=False)
            await self._actions.hang_up()
            return False
        finally:
            self._hold_turns(None)
            if machine:
                machine.close()

    def watch(self) -> None:
        """Begin to watch the caller's silence."""
        self._silence = SilenceWatch(
            self._session,
            self._actions.hang_up,
            still_there=self._settings.spoken(self._settings.still_there),
            goodbye=self._settings.spoken(self._settings.goodbye),
            hang_up_s=self._settings.hang_up_seconds,
            hold_s=self._settings.hold_seconds,
            applies=self._is_phone_call,
        )

    def _is_phone_call(self) -> bool:
        caller = self._session.room_io.linked_participant
        return caller is not None and is_phone(caller)

    async def aclose(self) -> None:
        """Stop."""
        self._room.off("sip_dtmf_received", self._on_dtmf)
        self._keypad.close()
        if self._silence:
            await self._silence.aclose()
        for task in self._entering:
            task.cancel()
        await asyncio.gather(*self._entering, return_exceptions=True)

    def _on_dtmf(self, event: rtc.SipDTMF) -> None:
        self._presser = event.participant.identity if event.participant else self._presser
        self._keypad.press(event.digit)

    def _on_key(self) -> None:
        if self._silence:
            self._silence.heard()
        with contextlib.suppress(RuntimeError):
            self._session.interrupt()

    def _on_entry(self, keys: str) -> None:
        text = entry_text(keys)
        self._recorder.typed(text, self._presser)
        log.info("The caller used the keypad", keys=len(keys))
        with contextlib.suppress(RuntimeError):
            self._session.generate_reply(user_input=text)
