"""Agents that are sent into a room which is open already."""

import time
from collections.abc import Sequence
from typing import Literal

from livekit import api
from pydantic import BaseModel, Field

from control_api.livekit.client import LiveKitClient
from control_api.livekit.rooms import Rooms

RESUMED = "trinity.resumed"
"""Attribute by which the agent knows that it goes on with the call of a lost one."""
_ASK_S = 5.0
_JOIN_S = 20.0
"""So long LiveKit may take to ask the workers, and an agent that was given the job to come."""
_RUNNING = {api.JobStatus.JS_PENDING, api.JobStatus.JS_RUNNING}


class AgentDispatch(BaseModel):
    """An agent that was asked to come into a room."""

    id: str = Field(description="LiveKit's id of the dispatch.")
    agent_name: str = Field(description="Name of the agent.")
    metadata: str = Field(description="What the agent's job was given.")
    state: Literal["waiting", "running", "ended"] = Field(
        description="waiting: no worker has taken it yet."
    )


class Dispatches:
    """What can be done with dispatches.

    LiveKit adds one more agent with every dispatch, also of the same name (livekit/agents #944);
    who wants one at most has to look first, under a lock.
    """

    def __init__(self, client: LiveKitClient, rooms: Rooms) -> None:
        self._client = client
        self._service = client.api.agent_dispatch
        self._rooms = rooms

    async def list(self, room: str) -> Sequence[AgentDispatch]:
        """The dispatches of a room.

        Raises:
            ResourceNotFound: The room is not open (LiveKit itself would wait three seconds).
        """
        return [_dispatch(each) for each in await self._found(room)]

    async def ensure(self, room: str, agent_name: str, metadata: str) -> tuple[AgentDispatch, bool]:
        """The agent's dispatch that waits or runs, else a new one; True when it is new."""
        for each in await self.list(room):
            if each.agent_name == agent_name and each.state != "ended":
                return each, False
        return _dispatch(await self._create(room, agent_name, metadata, {})), True

    async def renew(self, room: str, *, is_resumed: bool) -> int:
        """Dispatches all agents of a room anew, where none has come.

        Args:
            room: Has no agent in it.
            is_resumed: The agents were there; the new ones go on with the call.

        Returns:
            How many; 0 where none was asked for, or one may be on its way.

        Raises:
            ResourceNotFound: The room is not open.
        """
        found = [each for each in await self._found(room) if not each.state.deleted_at]
        if any(map(_is_coming, found)):
            return 0
        mark = {RESUMED: "true"} if is_resumed else {}
        for old in found:
            # First: it would be found as running, and this ends a job that is late after all.
            await self._delete(room, old.id)
            await self._create(room, old.agent_name, old.metadata, {**old.attributes, **mark})
        return len(found)

    async def delete(self, room: str, dispatch_id: str) -> None:
        """Takes a dispatch back; the agent leaves.

        Raises:
            ResourceNotFound: There is no such room, or no such dispatch.
        """
        await self._rooms.get(room)
        await self._delete(room, dispatch_id)

    async def _found(self, room: str) -> Sequence[api.AgentDispatch]:
        await self._rooms.get(room)
        found = await self._client.call(
            "agent_dispatch", "list_dispatch", lambda: self._service.list_dispatch(room)
        )
        # One without a name is LiveKit's own for agents that join every room.
        return [each for each in found if each.agent_name]

    async def _create(
        self, room: str, agent_name: str, metadata: str, attributes: dict[str, str]
    ) -> api.AgentDispatch:
        request = api.CreateAgentDispatchRequest(
            agent_name=agent_name, room=room, metadata=metadata, attributes=attributes
        )
        return await self._client.call(
            "agent_dispatch", "create_dispatch", lambda: self._service.create_dispatch(request)
        )

    async def _delete(self, room: str, dispatch_id: str) -> None:
        await self._client.call(
            "agent_dispatch",
            "delete_dispatch",
            lambda: self._service.delete_dispatch(dispatch_id, room),
            what="dispatch",
        )


def _is_coming(dispatch: api.AgentDispatch) -> bool:
    """It was made, or given to a worker, not long ago."""
    given = max((job.state.started_at for job in dispatch.state.jobs), default=0)
    patience_s = _JOIN_S if given else _ASK_S
    return time.time() - max(given, dispatch.state.created_at) / 1e9 < patience_s


def _dispatch(info: api.AgentDispatch) -> AgentDispatch:
    return AgentDispatch(
        id=info.id, agent_name=info.agent_name, metadata=info.metadata, state=_state(info.state)
    )


def _state(state: api.AgentDispatchState) -> Literal["waiting", "running", "ended"]:
    if state.deleted_at:
        return "ended"
    if not state.jobs:
        return "waiting"
    if any(job.state.status in _RUNNING for job in state.jobs):
        return "running"
    return "ended"
