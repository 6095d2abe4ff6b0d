"""Agents in a room that is open: ask for one, look, send it away."""

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import InvalidRequest
from control_api.fields import Responses, RoomPath, agent_errors, too_long
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import AgentDispatch
from control_api.parts import Wired

router = APIRouter(tags=["agents"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.ROOMS_READ))
_write = Depends(needs(Scope.ROOMS_WRITE))
_NO_ROOM: Responses = {404: {"description": "The room is not open."}}


class DispatchRequest(BaseModel):
    """Which agent should come."""

    agent_name: str | None = Field(
        default=None, max_length=128, description="Its name; none: the first one that is served."
    )
    metadata: str = Field(default="", description="Given to the agent's job as it is.")


class DispatchList(BaseModel):
    """The agents that were asked into a room."""

    agents: list[AgentDispatch] = Field(description="Also those that have left.")


@router.get(
    "/api/rooms/{room}/agents",
    operation_id="listAgents",
    dependencies=[_read],
    responses={**_NO_ROOM},
)
async def list_agents(parts: Wired, room: RoomPath) -> DispatchList:
    """The agents that were asked into a room."""
    return DispatchList(agents=list(await parts.dispatches.list(room)))


@router.post(
    "/api/rooms/{room}/agents",
    operation_id="dispatchAgent",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={
        200: {"model": AgentDispatch, "description": "It was asked for already."},
        **_NO_ROOM,
        422: {"description": "A field is not acceptable."},
    },
)
async def dispatch_agent(
    parts: Wired, response: Response, room: RoomPath, request: DispatchRequest | None = None
) -> AgentDispatch:
    """Asks an agent into a room; asked twice, it comes once."""
    asked = request or DispatchRequest()
    name = asked.agent_name or parts.settings.agents[0]
    errors = [
        *agent_errors("/agent_name", name, parts.settings.agents),
        *too_long("/metadata", asked.metadata, parts.settings.metadata_max_bytes),
    ]
    if errors:
        raise InvalidRequest(*errors)
    async with parts.store.lock(f"dispatch:{room}:{name}"):
        dispatch, is_new = await parts.dispatches.ensure(room, name, asked.metadata)
    if not is_new:
        response.status_code = 200
    return dispatch


@router.delete(
    "/api/rooms/{room}/agents/{dispatch_id}",
    operation_id="removeAgent",
    status_code=204,
    dependencies=[_write],
    responses={404: {"description": "There is no such room, or no such dispatch."}},
)
async def remove_agent(
    parts: Wired,
    room: RoomPath,
    dispatch_id: str = Path(max_length=64, description="Id of the dispatch."),
) -> None:
    """Takes a dispatch back; the agent leaves the room."""
    await parts.dispatches.delete(room, dispatch_id)
