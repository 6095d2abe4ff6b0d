"""Participants of a room: look, invite, mute, send out."""

import secrets

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import InvalidRequest
from control_api.fields import (
    Attributes,
    IdentityPath,
    Name,
    Printable,
    Responses,
    RoomPath,
    attribute_errors,
    too_long,
)
from control_api.livekit import Join, Participant
from control_api.parts import Wired
from control_api.routes.tokens import TokenReply

router = APIRouter(tags=["participants"])
_read = Depends(needs(Scope.ROOMS_READ))
_write = Depends(needs(Scope.ROOMS_WRITE))
_NOBODY: Responses = {404: {"description": "There is no such participant."}}


class ParticipantList(BaseModel):
    """Who is in a room."""

    participants: list[Participant] = Field(description="Agents and telephones among them.")


class Invitation(BaseModel):
    """Who is invited; every field may be left out."""

    identity: Name | None = Field(
        default=None,
        min_length=1,
        description="Taken as it is: somebody in the room with the same identity is sent out when "
        "the invited one joins. None: one of our own.",
    )
    name: Printable = Field(default="", description="Name that others see.")
    metadata: str = Field(default="", description="Metadata of the participant.")
    attributes: Attributes = Field(
        default_factory=dict, description="Attributes of the participant."
    )
    listens_only: bool = Field(default=False, description="May not speak, nor send data.")
    hidden: bool = Field(default=False, description="Others do not see that they are there.")


class MuteRequest(BaseModel):
    """Whether a participant is heard."""

    muted: bool = Field(
        default=True,
        description="False works only where LiveKit is set to enable_remote_unmute.",
    )


@router.get(
    "/api/rooms/{room}/participants",
    operation_id="listParticipants",
    dependencies=[_read],
    responses={404: {"description": "The room is not open."}},
)
async def list_participants(parts: Wired, room: RoomPath) -> ParticipantList:
    """Who is in a room."""
    return ParticipantList(participants=list(await parts.rooms.participants(room)))


@router.post(
    "/api/rooms/{room}/participants",
    operation_id="inviteParticipant",
    status_code=201,
    dependencies=[_write],
    responses={422: {"description": "A field is not acceptable."}},
)
async def invite_participant(
    parts: Wired, response: Response, room: RoomPath, request: Invitation | None = None
) -> TokenReply:
    """Makes a join token for somebody; who joins a room that is not open opens it."""
    asked = request or Invitation()
    bound = parts.settings.metadata_max_bytes
    errors = [
        *too_long("/metadata", asked.metadata, bound),
        *attribute_errors("/attributes", asked.attributes, bound),
    ]
    if errors:
        raise InvalidRequest(*errors)
    response.headers["Cache-Control"] = "no-store"
    join = Join(
        room=room,
        identity=asked.identity or f"guest-{secrets.token_hex(5)}",
        name=asked.name,
        metadata=asked.metadata,
        attributes=asked.attributes,
        listens_only=asked.listens_only,
        hidden=asked.hidden,
    )
    parts.telemetry.tokens.inc()
    return TokenReply(
        server_url=parts.settings.public_livekit_url,
        participant_token=parts.signer.sign(join),
        room_name=join.room,
        participant_identity=join.identity,
    )


@router.get(
    "/api/rooms/{room}/participants/{identity}",
    operation_id="getParticipant",
    dependencies=[_read],
    responses={**_NOBODY},
)
async def read_participant(parts: Wired, room: RoomPath, identity: IdentityPath) -> Participant:
    """One participant."""
    return await parts.rooms.participant(room, identity)


@router.delete(
    "/api/rooms/{room}/participants/{identity}",
    operation_id="removeParticipant",
    status_code=204,
    dependencies=[_write],
    responses={**_NOBODY},
)
async def remove_participant(parts: Wired, room: RoomPath, identity: IdentityPath) -> None:
    """Sends a participant out; a telephone is hung up. A token that is still valid works again."""
    await parts.rooms.remove(room, identity)


@router.post(
    "/api/rooms/{room}/participants/{identity}/mute",
    operation_id="muteParticipant",
    dependencies=[_write],
    responses={**_NOBODY, 409: {"description": "LiveKit is not set to let others unmute."}},
)
async def mute_participant(
    parts: Wired, room: RoomPath, identity: IdentityPath, request: MuteRequest | None = None
) -> Participant:
    """Mutes everything that a participant says."""
    asked = request or MuteRequest()
    return await parts.rooms.mute(room, identity, muted=asked.muted)
