"""The call queue: places, the order of those who wait, and what they are told."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import api, rtc

from agent.phrases import SCRATCH_VARIABLE
from agent.queue import CallPlaces, admission, admit
from agent.resume import RESUMED
from agent.settings import Settings

HUMAN = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
LEFT = rtc.DisconnectReason.CLIENT_INITIATED
BROKE = rtc.DisconnectReason.SIGNAL_CLOSE

HOLDER = """
import sys, time
from pathlib import Path
from agent.queue.places import CallPlaces
ticket = CallPlaces(Path(sys.argv[1]), 1).join()
print(ticket.take(), flush=True)
time.sleep(60)
"""


def test_who_came_first_gets_the_next_place(tmp_path: Path) -> None:
    first, second, third = (CallPlaces(tmp_path, 1).join() for _ in range(3))
    assert [ticket.take() for ticket in (third, second, first)] == [False, False, True]
    assert [second.position(), third.position()] == [1, 2]
    first.release()
    assert [ticket.take() for ticket in (third, second, third)] == [False, True, False]
    assert third.position() == 1


def test_as_many_as_there_are_places_are_taken(tmp_path: Path) -> None:
    tickets = [CallPlaces(tmp_path, 3).join() for _ in range(4)]
    assert [ticket.take() for ticket in tickets] == [True, True, True, False]
    assert tickets[0].take()  # once taken it is held
    tickets[1].release()
    assert tickets[3].take()


def test_who_leaves_the_queue_holds_up_nobody(tmp_path: Path) -> None:
    first, second, third = (CallPlaces(tmp_path, 1).join() for _ in range(3))
    assert first.take()
    second.release()
    second.release()
    assert third.position() == 1
    first.release()
    assert third.take()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.place", "guard"]


def test_a_process_that_dies_leaves_its_place_and_its_ticket(tmp_path: Path) -> None:
    holders = []
    for place in ("True", "False"):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == place
    ticket = CallPlaces(tmp_path, 1).join()
    assert not ticket.take()
    assert ticket.position() == 2
    for holder in reversed(holders):
        holder.kill()
        holder.communicate()
    assert ticket.position() == 1
    assert ticket.take()


class Voice:
    """Takes what is said in the queue down."""

    said: list[str]

    def __init__(self, room: "Call", _: Settings) -> None:
        self._said = room.said

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    async def hold(self, phrase: str) -> None:
        self._said.append(phrase)

    async def part(self, phrase: str) -> None:
        self._said.append(phrase)


class Call:
    """A job and its room, as far as the queue sees them."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.positions: list[str] = []
        self.deleted: list[str] = []
        self.ended = ""
        self.release: Callable[[], Any] | None = None
        self.emitter: rtc.EventEmitter[str] = rtc.EventEmitter()
        self.remote_participants: dict[str, Any] = {}
        self.name = "room"
        self.job = SimpleNamespace(metadata="", attributes={}, room=self)
        self.room = self.local_participant = self.api = self
        self.on, self.off = self.emitter.on, self.emitter.off

    def add_shutdown_callback(self, release: Callable[[], Any]) -> None:
        self.release = release

    def shutdown(self, reason: str) -> None:
        self.ended = reason

    async def connect(self) -> None: ...

    def isconnected(self) -> bool:
        return True

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.positions.append(attributes[admission.POSITION_ATTRIBUTE])

    async def delete_room(self, request: api.DeleteRoomRequest) -> None:
        self.deleted.append(request.room)

    def join(self, identity: str, kind: Any = HUMAN, **attributes: str) -> None:
        self.remote_participants[identity] = SimpleNamespace(
            identity=identity,
            kind=kind,
            attributes={f"sip.{name}": value for name, value in attributes.items()},
            disconnect_reason=None,
        )

    def leave(self, identity: str, reason: Any = LEFT) -> None:
        who = self.remote_participants.pop(identity)
        who.disconnect_reason = reason
        self.emitter.emit("participant_disconnected", who)

    async def admitted(self, **settings: Any) -> bool:
        values = {"max_calls": 1, "queue_calls": 2, "rejoin_seconds": 0.1, **settings}
        context: Any = self
        return await admit(context, Settings(**values))


@pytest.fixture
def holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The call that has the only place."""
    monkeypatch.setenv(SCRATCH_VARIABLE, str(tmp_path))
    monkeypatch.setattr(admission, "QueueVoice", Voice)
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(admission, "PICK_UP_SECONDS", 0.1)
    ticket = CallPlaces(tmp_path / "queue", 1).join()
    assert ticket.take()
    yield ticket
    ticket.release()


async def test_a_free_place_is_taken_without_a_word(holder: Any) -> None:
    holder.release()
    call = Call()
    call.join("ann")
    assert await call.admitted()
    assert (call.said, call.positions) == ([], [])
    waits = Call()
    waits.join("bob")
    waiting = asyncio.create_task(waits.admitted())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert call.release is not None
    await call.release()  # the first call is over
    assert await waiting


async def test_who_waits_is_told_the_place_in_the_queue_and_then_served(holder: Any) -> None:
    first, second = Call(), Call()
    waiting = []
    for call, name in ((first, "ann"), (second, "bob")):
        call.join(name)
        waiting.append(asyncio.create_task(call.admitted()))
        await asyncio.sleep(0.05)
    assert first.said == ["All lines are busy. Please hold on, you are number 1 in the queue."]
    holder.release()
    assert await waiting[0]
    await asyncio.sleep(0.05)
    assert first.positions == ["1", ""]
    assert second.positions == ["2", "1"]
    assert [line.split("number ")[1][0] for line in second.said] == ["2", "1"]
    second.leave("bob")
    assert not await waiting[1]


async def test_the_message_is_said_again(holder: Any) -> None:
    call = Call()
    call.join("ann")
    waiting = asyncio.create_task(call.admitted(queue_repeat_seconds=0.05))
    await asyncio.sleep(0.2)
    holder.release()
    assert await waiting
    assert len(call.said) >= 3


async def test_who_hangs_up_leaves_the_queue(holder: Any) -> None:
    call = Call()
    call.join("ann")
    waiting = asyncio.create_task(call.admitted(rejoin_seconds=60))
    await asyncio.sleep(0.05)
    call.leave("ann")
    assert not await waiting
    assert call.ended == "queue: left"
    assert call.deleted == []


async def test_who_loses_the_connection_keeps_the_place_for_a_while(holder: Any) -> None:
    call = Call()
    call.join("ann")
    waiting = asyncio.create_task(call.admitted(rejoin_seconds=0.2))
    await asyncio.sleep(0.05)
    call.leave("ann", BROKE)
    await asyncio.sleep(0.05)
    call.join("ann")
    await asyncio.sleep(0.3)
    assert not waiting.done()
    call.leave("ann", BROKE)
    assert not await asyncio.wait_for(waiting, 2)


async def test_who_waits_too_long_is_asked_to_call_again(holder: Any) -> None:
    call = Call()
    call.join("ann", PHONE, ruleID="r", callStatus="active")
    assert not await call.admitted(queue_seconds=0.05)
    assert call.said[-1].endswith("Please call again later. Goodbye.")
    assert call.deleted == ["room"]
    assert call.ended == "queue: turned_away"


async def test_a_full_queue_turns_away_at_once(holder: Any) -> None:
    waiting = []
    for name in ("ann", "bob"):
        call = Call()
        call.join(name)
        waiting.append(asyncio.create_task(call.admitted()))
        await asyncio.sleep(0.02)
    late = Call()
    late.join("carl")
    assert not await late.admitted()
    assert len(late.said) == 1
    assert late.said[0].endswith("Goodbye.")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_people_who_talk_with_one_another_are_not_thrown_out(holder: Any) -> None:
    call = Call()
    call.join("ann")
    call.join("bob")
    assert not await call.admitted(queue_seconds=0.05)
    assert call.deleted == []


async def test_a_telephone_that_rings_is_told_nothing(holder: Any) -> None:
    call = Call()
    call.join("ann", PHONE, ruleID="r", callStatus="ringing")
    waiting = asyncio.create_task(call.admitted())
    await asyncio.sleep(0.05)
    assert call.said == []
    holder.release()
    assert await waiting


async def test_who_is_called_by_us_does_not_wait(holder: Any) -> None:
    call = Call()
    waiting = asyncio.create_task(call.admitted())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    behind = Call()
    behind.join("bob")
    next_one = asyncio.create_task(behind.admitted())
    await asyncio.sleep(0.05)
    call.join("ann", PHONE, callStatus="dialing")
    assert await waiting
    assert call.said == []
    # It has no place, and keeps none from who came after it.
    holder.release()
    assert await asyncio.wait_for(next_one, 2)


async def test_a_call_that_goes_on_does_not_wait(holder: Any) -> None:
    call, waits = Call(), Call()
    waits.join("bob")
    waiting = asyncio.create_task(waits.admitted())
    call.join("ann")
    call.job.attributes[RESUMED] = "true"
    assert await call.admitted()
    assert call.said == []
    holder.release()
    assert await waiting


async def test_a_queue_that_does_not_work_keeps_nobody_waiting(
    holder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(SCRATCH_VARIABLE, str(tmp_path / "file"))
    assert await Call().admitted()
