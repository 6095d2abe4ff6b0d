"""Calls that we place: dialled in the background, followed to their end.

A call is in Redis before anybody is dialled. Who dials it moves it on; when that process is gone,
or LiveKit's word is lost, `follow` finds out from who is in the room.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from control_api.errors import (
    Conflict,
    ControlError,
    FieldError,
    InvalidRequest,
    ResourceNotFound,
)
from control_api.livekit import Dial, Dialer, DialFailed, Dispatch, Rooms, Tones
from control_api.store import Call, CallStore, Event, EventLog, Failure, Reason

_log = structlog.stdlib.get_logger("control_api.calls")
# After ringing has ended, this long until a call that nobody moved on counts as lost.
_GRACE_S = 30
_REASONS: dict[int, Reason] = {
    401: "trunk-refused",
    403: "trunk-refused",
    407: "trunk-refused",
    404: "unknown-number",
    410: "unknown-number",
    484: "unknown-number",
    604: "unknown-number",
    408: "no-answer",
    480: "no-answer",
    487: "no-answer",
    486: "busy",
    600: "busy",
    603: "declined",
}


class Calls:
    """What can be done with calls; `aclose` ends what runs in this process."""

    def __init__(
        self, store: CallStore, log: EventLog, dialer: Dialer, rooms: Rooms, tones: Tones
    ) -> None:
        self._store = store
        self._events = log
        self._dialer = dialer
        self._rooms = rooms
        self._tones = tones
        self._tasks: set[asyncio.Task[None]] = set()

    async def place(
        self, wanted: Callable[[str, str], Dial], dispatches: list[Dispatch], key: str | None
    ) -> Call:
        """Keeps a call and begins to dial it; with a key that was used, the call from then.

        Args:
            wanted: Makes the dial from the call's id and the other side's identity.
            dispatches: Agents that come into the room; they wait there for the answer.
            key: The caller's idempotency key.

        Raises:
            InvalidRequest: The key was used for another call.
            Conflict: The first request with the key has not come so far yet.
            NeighbourError: LiveKit or Redis is away; nobody was called.
        """
        call_id = secrets.token_hex(8)
        if key is not None:
            probe = repr((wanted("", ""), dispatches))
            body = hashlib.sha256(probe.encode()).hexdigest()
            if (first := await self._store.claim(key, body, call_id)) is not None:
                if first[1] != body:
                    raise InvalidRequest(
                        FieldError("#Idempotency-Key", "This key was used for another call.")
                    )
                try:
                    return await self._store.get(first[0])
                except ResourceNotFound:
                    raise Conflict("The first request with this key is still running.") from None
        try:
            return await self._begin(call_id, wanted(call_id, f"call-{call_id}"), dispatches)
        except ControlError:
            if key is not None:
                await self._store.release(key)
            raise

    async def get(self, call_id: str) -> Call:
        """One call."""
        return await self._store.get(call_id)

    async def recent(self, limit: int) -> list[Call]:
        """The newest calls first."""
        return list(await self._store.recent(limit))

    async def hang_up(self, call_id: str) -> None:
        """Ends a call; one that is over stays as it is."""
        call = await self._store.get(call_id)
        if call.is_over:
            return
        try:
            await self._rooms.remove(call.room, call.identity)
        except ResourceNotFound:
            _log.info("hung up before anybody was in the room", call_id=call_id)
        await self._end(call_id)

    async def transfer(self, call_id: str, to: str) -> Call:
        """Begins to hand a call on; the events tell how it went.

        Raises:
            Conflict: Nobody has answered yet, or the call is over.
        """
        call = await self._store.get(call_id)
        if call.state != "active":
            raise Conflict(f"The call is {call.state}; only an active one can be transferred.")
        await self._tell("call.transferring", call)
        self._spawn(self._transfer(call, to))
        return call

    async def send_tones(self, call_id: str, digits: str) -> None:
        """Plays digits to the other side, and returns when they have been sent.

        Raises:
            Conflict: Nobody has answered yet, or the call is over.
            NeighbourError: LiveKit is away.
        """
        call = await self._store.get(call_id)
        if call.state != "active":
            raise Conflict(f"The call is {call.state}; only an active one hears tones.")
        # Joining would open a room that is gone.
        await self._rooms.participant(call.room, call.identity)
        await self._tones.send(call.room, f"tones-{secrets.token_hex(5)}", digits)
        await self._tell("call.tones_sent", call)

    async def participant_left(self, identity: str) -> None:
        """Ends the call whose other side has left the room; anybody else is no call.

        Before the answer, whoever dials learns more: why it failed.
        """
        call_id = identity.removeprefix("call-")
        if call_id == identity:
            return
        try:
            call = await self._store.get(call_id)
        except ResourceNotFound:
            return
        if call.state == "active":
            await self._end(call_id)

    async def follow(self) -> None:
        """Moves on what nobody moved on: after a restart, or when a webhook was lost."""
        for call in await self._store.open():
            await self._follow(call)

    async def aclose(self) -> None:
        """Stops waiting for answers; the calls go on, and another process follows them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self, call_id: str, dial: Dial, dispatches: list[Dispatch]) -> Call:
        if dispatches:
            await self._rooms.create(dial.room, dispatches=dispatches)
        now = datetime.now(UTC)
        call = Call(
            id=call_id,
            state="dialing",
            trunk_id=dial.trunk_id,
            to=dial.to,
            room=dial.room,
            identity=dial.identity,
            created_at=now,
            give_up_at=now + timedelta(seconds=dial.ringing_timeout_s + _GRACE_S),
        )
        await self._store.add(call)
        await self._tell("call.dialing", call)
        self._spawn(self._dial(call, dial))
        return call

    async def _dial(self, call: Call, dial: Dial) -> None:
        try:
            await self._dialer.dial(dial)
        except DialFailed as error:
            await self._fail(call.id, _failure(error))
        else:
            await self._answered(call.id)

    async def _transfer(self, call: Call, to: str) -> None:
        try:
            await self._dialer.transfer(call.room, call.identity, to)
        except DialFailed as error:
            failure = _failure(error)
            await self._tell("call.transfer_failed", call, failure.reason)
        else:
            await self._tell("call.transferred", call)

    async def _follow(self, call: Call) -> None:
        try:
            there = await self._rooms.participant(call.room, call.identity)
        except ResourceNotFound:
            if call.state == "active":
                await self._end(call.id)
            elif datetime.now(UTC) > call.give_up_at:
                await self._fail(call.id, Failure(reason="failed", detail="The call was lost."))
            return
        if there.attributes.get("sip.callStatus") == "active":
            await self._answered(call.id)

    async def _answered(self, call_id: str) -> None:
        if (moved := await self._store.change(call_id, "active")) is not None:
            await self._tell("call.active", moved)

    async def _end(self, call_id: str) -> None:
        if (moved := await self._store.change(call_id, "ended")) is not None:
            await self._tell("call.ended", moved)

    async def _fail(self, call_id: str, failure: Failure) -> None:
        moved = await self._store.change(call_id, "failed", failure=failure)
        if moved is None:
            return
        await self._tell("call.failed", moved, failure.reason)
        if moved.room == f"call-{call_id}":
            # Ours, and nobody came: the agent need not wait there.
            try:
                await self._rooms.delete(moved.room)
            except ResourceNotFound:
                return

    async def _tell(self, kind: str, call: Call, detail: str | None = None) -> None:
        now = datetime.now(UTC)
        await self._events.append(
            Event(type=kind, at=now, room=call.room, call_id=call.id, detail=detail)
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except ControlError as error:
                # `follow` finds out when LiveKit and Redis are there again.
                _log.warning("a call was not moved on", reason=type(error).__name__)

        task = asyncio.create_task(guarded(), name="call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _failure(error: DialFailed) -> Failure:
    code = error.sip_status_code
    if code is None:
        reason: Reason = "no-sip-service" if error.code == "unavailable" else "failed"
        if error.code == "deadline_exceeded":
            reason = "no-answer"
        return Failure(reason=reason, detail=str(error) or None)
    reason = _REASONS.get(code, "failed")
    return Failure(reason=reason, sip_status_code=code, detail=str(error) or None)
