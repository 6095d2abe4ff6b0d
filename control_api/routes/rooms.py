"""Rooms: open, look, close, and send data into them."""

import secrets
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, model_validator

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Name, Responses, RoomPath, agent_errors, too_long
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import Dispatch, Room
from control_api.parts import Wired

router = APIRouter(tags=["rooms"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.ROOMS_READ))
_write = Depends(needs(Scope.ROOMS_WRITE))
_NO_ROOM: Responses = {404: {"description": "The room is not open."}}
# LiveKit's data packets are at most 15 KiB.
_DATA_MAX_BYTES = 15_000
_Seconds = Annotated[int, Field(ge=1, le=86_400)]


class RoomRequest(BaseModel):
    """A room to open; every field may be left out."""

    name: Name | None = Field(default=None, description="Name; none: one of our own.")
    empty_timeout_s: _Seconds | None = Field(
        default=None, description="Seconds that it waits for the first participant."
    )
    departure_timeout_s: _Seconds | None = Field(
        default=None, description="Seconds that it stays after the last one left."
    )
    max_participants: int | None = Field(
        default=None, ge=1, le=10_000, description="The most participants."
    )
    metadata: str = Field(default="", description="Metadata that all participants see.")
    agents: list[Name] = Field(
        default_factory=list,
        max_length=4,
        description="Agents that come when the room is opened; those who join with a token of "
        "POST /api/token bring theirs only into a room that they open.",
    )


class RoomList(BaseModel):
    """The open rooms."""

    rooms: list[Room] = Field(description="In no particular order.")


class DataRequest(BaseModel):
    """A message to those in a room."""

    topic: str = Field(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$", description="Its topic."
    )
    text: str = Field(description="What to send, at most 15000 bytes of UTF-8.")
    to: list[Annotated[str, Field(max_length=256)]] = Field(
        default_factory=list, max_length=100, description="Identities; empty: everybody."
    )
    reliable: bool = Field(default=True, description="Sent again when it is lost.")

    @model_validator(mode="after")
    def _own_topics(self) -> Self:
        # Who receives these trusts that LiveKit or the agent has sent them.
        if self.topic.startswith("lk.") or self.topic == "transcripts":
            raise ValueError(
                "topics that begin with lk., and transcripts, are not for applications"
            )
        return self


@router.get("/api/rooms", operation_id="listRooms", dependencies=[_read])
async def list_rooms(parts: Wired) -> RoomList:
    """The rooms that are open now."""
    return RoomList(rooms=list(await parts.rooms.list()))


@router.post(
    "/api/rooms",
    operation_id="createRoom",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={
        200: {"model": Room, "description": "The room was open already; it stays as it is."},
        422: {"description": "A field is not acceptable."},
    },
)
async def create_room(parts: Wired, response: Response, request: RoomRequest | None = None) -> Room:
    """Opens a room before anybody joins it."""
    asked = request or RoomRequest()
    bound = parts.settings.metadata_max_bytes
    errors = list(too_long("/metadata", asked.metadata, bound))
    for index, name in enumerate(asked.agents):
        errors += agent_errors(f"/agents/{index}", name, parts.settings.agents)
    if len(set(asked.agents)) != len(asked.agents):
        errors.append(FieldError("/agents", "Each agent can be named once."))
    if errors:
        raise InvalidRequest(*errors)
    if asked.name and (found := await parts.rooms.list([asked.name])):
        response.status_code = 200
        return found[0]
    room = await parts.rooms.create(
        asked.name or f"room-{secrets.token_hex(10)}",
        empty_timeout_s=asked.empty_timeout_s,
        departure_timeout_s=asked.departure_timeout_s,
        max_participants=asked.max_participants,
        metadata=asked.metadata,
        dispatches=[Dispatch(name) for name in asked.agents],
    )
    response.headers["Location"] = f"/api/rooms/{room.name}"
    return room


@router.get(
    "/api/rooms/{room}", operation_id="getRoom", dependencies=[_read], responses={**_NO_ROOM}
)
async def read_room(parts: Wired, room: RoomPath) -> Room:
    """One room."""
    return await parts.rooms.get(room)


@router.delete(
    "/api/rooms/{room}",
    operation_id="deleteRoom",
    status_code=204,
    dependencies=[_write],
    responses={**_NO_ROOM},
)
async def delete_room(parts: Wired, room: RoomPath) -> None:
    """Closes a room; everybody in it is sent out, telephones are hung up."""
    await parts.rooms.delete(room)


@router.post(
    "/api/rooms/{room}/data",
    operation_id="sendData",
    status_code=204,
    dependencies=[_write],
    responses={**_NO_ROOM, 422: {"description": "A field is not acceptable."}},
)
async def send_data(parts: Wired, room: RoomPath, request: DataRequest) -> None:
    """Sends a data message to everybody in a room, or to some."""
    if errors := tuple(too_long("/text", request.text, _DATA_MAX_BYTES)):
        raise InvalidRequest(*errors)
    await parts.rooms.send_data(
        room,
        request.text.encode(),
        topic=request.topic,
        to=request.to,
        reliable=request.reliable,
    )
