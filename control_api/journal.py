"""Turns what LiveKit tells, and what we see when we look, into events, each exactly once.

LiveKit's webhooks are hints: they are late, out of order, sent twice, and lost when we are away
for more than about fifteen seconds. The lists of rooms and participants are the truth. Both go
through the same notes (`store.Presence`), so whichever comes first makes the event.
"""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from control_api.calls import Calls
from control_api.errors import ControlError, ResourceNotFound
from control_api.livekit import Participant, Rooms, Webhook
from control_api.store import Event, EventLog, Presence
from control_api.telemetry import Telemetry

_ON_PURPOSE = {
    "CLIENT_INITIATED",
    "DUPLICATE_IDENTITY",
    "PARTICIPANT_REMOVED",
    "ROOM_CLOSED",
    "ROOM_DELETED",
}
_log = structlog.stdlib.get_logger("control_api.journal")


class Journal:
    """Writes the log of events; `watch` has to run as a task."""

    def __init__(
        self,
        log: EventLog,
        presence: Presence,
        rooms: Rooms,
        calls: Calls,
        telemetry: Telemetry,
    ) -> None:
        self._events = log
        self._presence = presence
        self._rooms = rooms
        self._calls = calls
        self._telemetry = telemetry

    async def receive(self, webhook: Webhook) -> str:
        """Takes one webhook in; returns what became of it: `new`, `duplicate` or `stale`.

        Raises:
            NeighbourError: Redis is away; the webhook counts as not received.
        """
        if not await self._events.is_new(webhook.id):
            return "duplicate"
        try:
            return "new" if await self._apply(webhook) else "stale"
        except ControlError:
            await self._events.forget(webhook.id)
            raise

    async def watch(self, interval_s: float) -> None:
        """Looks for ever, one of all processes at a time."""
        while True:
            try:
                if await self._presence.take_turn(interval_s * 0.9):
                    await self.reconcile()
                    await self._calls.follow()
            except ControlError as error:
                _log.warning("cannot reconcile", reason=type(error).__name__)
            await asyncio.sleep(interval_s)

    async def reconcile(self) -> int:
        """Compares our notes with LiveKit's lists; returns how many events were missing."""
        began = time.time()
        known_rooms, known_stays = await self._presence.rooms(), await self._presence.stays()
        rooms = {room.sid: room.name for room in await self._rooms.list()}
        stays: dict[str, tuple[str, str, Participant]] = {}
        for room_sid, name in rooms.items():
            try:
                found = await self._rooms.participants(name)
            except ResourceNotFound:
                continue  # closed since; the next look tells
            stays |= {each.sid: (room_sid, name, each) for each in found}
        repairs = 0
        now = datetime.now(UTC)
        for sid, name in rooms.items():
            repairs += await self._opened(sid, name, now, repaired=True)
        for sid, (room_sid, name, each) in stays.items():
            if each.state == "active":
                repairs += await self._joined(sid, room_sid, name, each, now, repaired=True)
        # What was noted since we began to look may be missing in the lists for that reason only.
        for sid, stay in known_stays.items():
            if sid not in stays and stay.noted_at < began:
                repairs += await self._left(sid, None, now, repaired=True)
        for sid, room in known_rooms.items():
            if sid not in rooms and room.noted_at < began:
                repairs += await self._closed(sid, room.name, now, repaired=True)
        return repairs

    async def _apply(self, webhook: Webhook) -> int:
        sid, name, at, who = webhook.room_sid, webhook.room, webhook.at, webhook.participant
        if webhook.kind == "participant_connection_aborted" and who is not None:
            return await self._left(who.sid, who, at, reason=webhook.reason)
        # LiveKit gives each webhook up after a quarter of a minute: the first ones of a call may be
        # lost, and later ones come. What must have been before is told first.
        made = await self._opened(sid, name, at)
        if webhook.kind == "room_started":
            return made
        if webhook.kind == "room_finished":
            return made + await self._closed(sid, name, at)
        # Only these two have all of a participant.
        if webhook.kind in ("participant_joined", "participant_left") and who is not None:
            made += await self._joined(who.sid, sid, name, who, at)
        if webhook.kind == "participant_joined":
            return made
        if webhook.kind == "participant_left" and who is not None:
            return made + await self._left(who.sid, who, at, reason=webhook.reason)
        return made + await self._told(webhook)

    async def _opened(self, sid: str, name: str, at: datetime, *, repaired: bool = False) -> int:
        if not sid or not await self._presence.open_room(sid, name):
            return 0
        event = Event(type="room.opened", at=at, room=name, room_sid=sid, repaired=repaired)
        return await self._append(event)

    async def _closed(self, sid: str, name: str, at: datetime, *, repaired: bool = False) -> int:
        made = 0
        for stay_sid, stay in (await self._presence.stays()).items():
            if stay.room_sid == sid:
                made += await self._left(stay_sid, None, at, repaired=repaired)
        if await self._presence.close_room(sid) is None:
            return made
        event = Event(type="room.closed", at=at, room=name, room_sid=sid, repaired=repaired)
        return made + await self._append(event)

    async def _joined(
        self,
        sid: str,
        room_sid: str,
        room: str,
        who: Participant,
        at: datetime,
        *,
        repaired: bool = False,
    ) -> int:
        if not await self._presence.join(
            sid, room=room, room_sid=room_sid, identity=who.identity, kind=who.kind
        ):
            return 0
        if who.kind == "agent":
            await self._presence.note_agent(room_sid, "here")
        return await self._append(
            Event(
                type="participant.joined",
                at=who.joined_at if repaired else at,
                room=room,
                room_sid=room_sid,
                participant={"sid": sid, "identity": who.identity, "kind": who.kind},
                repaired=repaired,
            )
        )

    async def _left(
        self,
        sid: str,
        who: Participant | None,
        at: datetime,
        *,
        repaired: bool = False,
        reason: str = "",
    ) -> int:
        stay = await self._presence.leave(sid)
        if stay is None:
            return 0
        kind = who.kind if who is not None else stay.kind
        if kind == "agent":
            is_lost = bool(reason) and reason not in _ON_PURPOSE
            await self._presence.note_agent(stay.room_sid, "lost" if is_lost else "left")
        made = await self._append(
            Event(
                type="participant.left",
                at=at,
                room=stay.room,
                room_sid=stay.room_sid,
                participant={"sid": sid, "identity": stay.identity, "kind": kind},
                repaired=repaired,
            )
        )
        await self._calls.participant_left(stay.identity)
        return made

    async def _told(self, webhook: Webhook) -> int:
        """What has no state of ours: tracks, recordings, agents' jobs."""
        noun, _, verb = webhook.kind.rpartition("_")
        who = webhook.participant
        return await self._append(
            Event(
                type=f"{noun}.{verb}",
                at=webhook.at,
                room=webhook.room or None,
                room_sid=webhook.room_sid or None,
                recording_id=webhook.recording_id,
                ingress_id=webhook.ingress_id,
                participant=None
                if who is None
                else {"sid": who.sid, "identity": who.identity, "kind": who.kind},
            )
        )

    async def _append(self, event: Event) -> int:
        await self._events.append(event)
        if event.repaired:
            self._telemetry.repairs.labels(event.type).inc()
        return 1
