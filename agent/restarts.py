"""A call whose process died gets another one.

LiveKit leaves the caller alone then: it knows of the restart policy of a dispatch, and does not
follow it (v1.13). So the worker sends the dead agent out and dispatches a new one, which goes on
where the transcript ends (`agent.resume`).
"""

import asyncio
import contextlib
import time
from collections import deque

import aiohttp
import structlog
from livekit import api
from livekit.protocol import agent, models

from agent.resume import RESUMED
from agent.telemetry import metrics

log = structlog.stdlib.get_logger(__name__)

MOST = 3
WITHIN_SECONDS = 300.0
"""A call that dies more often within so long is left alone: it would die again."""
TRIES = 4
RETRY_SECONDS = 0.5
API_SECONDS = 3.0
_CALLERS = (models.ParticipantInfo.Kind.STANDARD, models.ParticipantInfo.Kind.SIP)
_AWAY = (aiohttp.ClientError, OSError, TimeoutError)


class CallRestarts:
    """Restarts the calls of one worker."""

    def __init__(self) -> None:
        self._restarts: dict[str, deque[float]] = {}

    async def restart(self, livekit: api.LiveKitAPI, job: agent.Job, identity: str) -> bool:
        """Dispatch an agent in the place of a dead one, if somebody still needs it.

        Args:
            livekit: LiveKit's API.
            job: Of the process that died.
            identity: Of the dead agent in the room.

        Returns:
            Whether another agent was dispatched.
        """
        room = job.room.name
        for number in range(TRIES):
            try:
                async with asyncio.timeout(API_SECONDS):
                    if not await _is_needed(livekit, room, identity):
                        return False
                    if not self._may(room):
                        log.error("The process of a call died too often; it is not restarted")
                        return False
                    await _replace(livekit, job, identity)
            except _AWAY as error:
                log.warning("A call was not restarted yet", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS * 2**number)
            except api.ServerError as error:
                log.error("A call was not restarted", error=error.code)
                return False
            else:
                metrics().restarts.inc()
                log.warning("The process of a call died; another one goes on with it", job=job.id)
                return True
        return False

    def _may(self, room: str) -> bool:
        now = time.monotonic()
        for name, times in list(self._restarts.items()):
            while times and now - times[0] > WITHIN_SECONDS:
                times.popleft()
            if not times:
                del self._restarts[name]
        times = self._restarts.setdefault(room, deque())
        times.append(now)
        return len(times) <= MOST


async def _is_needed(livekit: api.LiveKitAPI, room: str, identity: str) -> bool:
    """A caller is there, and the agent has not left by itself: the dead one is seen for a while."""
    try:
        found = await livekit.room.list_participants(api.ListParticipantsRequest(room=room))
    except api.ServerError as error:
        if error.code == "not_found":
            return False
        raise
    is_seen = any(who.identity == identity for who in found.participants)
    return is_seen and any(who.kind in _CALLERS for who in found.participants)


async def _replace(livekit: api.LiveKitAPI, job: agent.Job, identity: str) -> None:
    room = job.room.name
    with contextlib.suppress(api.ServerError):  # gone meanwhile
        await livekit.room.remove_participant(
            api.RoomParticipantIdentity(room=room, identity=identity)
        )
    with contextlib.suppress(api.ServerError):
        await livekit.agent_dispatch.delete_dispatch(job.dispatch_id, room)
    await livekit.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(
            agent_name=job.agent_name,
            room=room,
            metadata=job.metadata,
            attributes={**job.attributes, RESUMED: "true"},
        )
    )
