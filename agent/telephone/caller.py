"""What LiveKit's SIP service says about a participant.

Its attributes hold telephone numbers; they stay out of logs, metrics and the model's prompt.
"""

import asyncio
import contextlib
from enum import Enum

from livekit import rtc

STATUS = "sip.callStatus"
RULE = "sip.ruleID"
"""The rule that a call came in by; a telephone without one is called by us."""
CALLER_KINDS = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
)


class CallState(Enum):
    """How far a telephone call is; a browser's is active at once."""

    WAITING = "waiting"
    ACTIVE = "active"
    OVER = "over"


_STATES = {
    "dialing": CallState.WAITING,
    "ringing": CallState.WAITING,
    "automation": CallState.WAITING,  # LiveKit dials an extension
    "active": CallState.ACTIVE,
    "hangup": CallState.OVER,
}


def is_phone(participant: rtc.RemoteParticipant) -> bool:
    """The participant is a telephone."""
    return participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def is_called(participant: rtc.RemoteParticipant) -> bool:
    """The participant is a telephone that does not call, but is called."""
    return is_phone(participant) and not participant.attributes.get(RULE)


def caller_state(participant: rtc.RemoteParticipant) -> CallState:
    """How far the participant's call is."""
    if not is_phone(participant):
        return CallState.ACTIVE
    return _STATES.get(participant.attributes.get(STATUS, ""), CallState.ACTIVE)


def callers_in(room: rtc.Room) -> list[rtc.RemoteParticipant]:
    """Give everybody in a room who calls, or is called."""
    return [who for who in room.remote_participants.values() if who.kind in CALLER_KINDS]


async def wait_for_caller(room: rtc.Room) -> rtc.RemoteParticipant:
    """Wait until somebody is there who calls, or is called."""
    came = asyncio.Event()

    def wake(*_: object) -> None:
        came.set()

    room.on("participant_connected", wake)
    try:
        while True:
            came.clear()
            if callers := callers_in(room):
                return callers[0]
            await came.wait()
    finally:
        room.off("participant_connected", wake)


async def wait_until_answered(room: rtc.Room, participant: rtc.RemoteParticipant) -> bool:
    """Wait until a telephone is picked up; False when the call ended before."""
    changed = asyncio.Event()

    def wake(*_: object) -> None:
        changed.set()

    room.on("participant_attributes_changed", wake)
    room.on("participant_disconnected", wake)
    try:
        while True:
            changed.clear()
            if participant.identity not in room.remote_participants:
                return False
            state = caller_state(participant)
            if state is not CallState.WAITING:
                return state is CallState.ACTIVE
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), 1.0)
    finally:
        room.off("participant_attributes_changed", wake)
        room.off("participant_disconnected", wake)
