"""Callers whom no agent answers get one as soon as there is one.

LiveKit asks the workers once, when an agent is dispatched. While none is there, or all are full,
and when the machine of one dies in a call, the caller is left alone. So we look for such callers
and dispatch their agents anew; an agent that left by itself, or was sent out, is not brought back.
"""

import asyncio
import time

import structlog

from control_api.errors import ControlError, ResourceNotFound
from control_api.livekit import Dispatches, Rooms
from control_api.store import AgentState, Presence, Stay
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.attendance")

CALLERS = ("standard", "sip")
PATIENCE_S = 6.0
"""So long an agent may take to come, and LiveKit to ask the workers."""
AGAIN_S = 10


class Attendance:
    """Looks after callers without an agent; `watch` has to run as a task."""

    def __init__(
        self, presence: Presence, rooms: Rooms, dispatches: Dispatches, telemetry: Telemetry
    ) -> None:
        self._presence = presence
        self._rooms = rooms
        self._dispatches = dispatches
        self._telemetry = telemetry

    async def watch(self, interval_s: float) -> None:
        """Looks for ever."""
        while True:
            try:
                await self.look()
            except ControlError as error:
                _log.warning("cannot look for callers without agent", reason=type(error).__name__)
            await asyncio.sleep(interval_s)

    async def look(self) -> int:
        """Dispatches agents to who lacks one; returns how many."""
        rooms: dict[str, list[Stay]] = {}
        for stay in (await self._presence.stays()).values():
            rooms.setdefault(stay.room_sid, []).append(stay)
        sent = 0
        for sid, stays in rooms.items():
            callers = [stay for stay in stays if stay.kind in CALLERS]
            if not callers or any(stay.kind == "agent" for stay in stays):
                continue
            state = await self._presence.agent_state(sid)
            waited_s = time.time() - min(stay.noted_at for stay in callers)
            if state == "left" or (state != "lost" and waited_s < PATIENCE_S):
                continue
            if await self._presence.may_ask(sid, AGAIN_S):
                sent += await self._send(callers[0].room, state)
        return sent

    async def _send(self, room: str, state: AgentState) -> int:
        try:
            # Our notes may be late.
            if any(who.kind == "agent" for who in await self._rooms.participants(room)):
                return 0
            sent = await self._dispatches.renew(room, is_resumed=state == "lost")
        except ResourceNotFound:
            return 0
        if sent:
            _log.warning("agents are dispatched anew", count=sent, lost=state == "lost")
            self._telemetry.redispatches.inc(sent)
        return sent
