"""Who is listened to, and when a call ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

from livekit import rtc

from agent.callers import CallerWatch

HUMAN = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
LEFT = rtc.DisconnectReason.CLIENT_INITIATED
BROKE = rtc.DisconnectReason.SIGNAL_CLOSE


class Call:
    """A room and a session, as far as the watch sees them."""

    def __init__(self, rejoin_s: float = 0.05) -> None:
        self.emitter: rtc.EventEmitter[str] = rtc.EventEmitter()
        self.remote_participants: dict[str, Any] = {}
        self.room_io = self
        self.linked_participant: Any = None
        self.over = False
        room: Any = self
        self.watch = CallerWatch(room, room, rejoin_s)

    def on(self, name: str, function: Any) -> None:
        self.emitter.on(name, function)

    def off(self, name: str, function: Any) -> None:
        self.emitter.off(name, function)

    def set_participant(self, identity: str) -> None:
        self.linked_participant = self.remote_participants[identity]

    def shutdown(self, *, drain: bool) -> None:
        self.over = True

    def join(self, identity: str, kind: Any = HUMAN) -> None:
        who = SimpleNamespace(identity=identity, kind=kind, disconnect_reason=None)
        self.remote_participants[identity] = who
        self.emitter.emit("participant_connected", who)

    def leave(self, identity: str, reason: Any = LEFT) -> None:
        who = self.remote_participants.pop(identity)
        who.disconnect_reason = reason
        if self.linked_participant is who:
            self.linked_participant = None
        self.emitter.emit("participant_disconnected", who)


async def test_the_call_ends_when_the_caller_hangs_up() -> None:
    call = Call(rejoin_s=60)
    call.join("ann")
    assert call.watch.identity == "ann"
    call.leave("ann")
    await asyncio.sleep(0.01)
    assert call.over
    assert call.watch.identity == "ann"  # what is still recognised was hers


async def test_another_caller_takes_the_place() -> None:
    call = Call()
    call.join("ann")
    call.join("bob")
    call.leave("ann")
    await asyncio.sleep(0.02)
    assert not call.over
    assert call.watch.identity == "bob"


async def test_a_caller_whose_connection_broke_may_return() -> None:
    call = Call(rejoin_s=0.1)
    call.join("ann")
    call.leave("ann", BROKE)
    await asyncio.sleep(0.02)
    call.join("ann")
    await asyncio.sleep(0.15)
    assert not call.over
    assert call.watch.identity == "ann"


async def test_a_caller_who_does_not_return_ends_the_call() -> None:
    call = Call(rejoin_s=0.05)
    call.join("ann")
    call.leave("ann", BROKE)
    await asyncio.sleep(0.15)
    assert call.over


async def test_other_agents_are_no_callers() -> None:
    call = Call()
    call.join("recorder", AGENT)
    assert call.watch.identity == ""
    call.leave("recorder")
    await asyncio.sleep(0.01)
    assert not call.over
    await call.watch.aclose()
