"""Ingress: streams over RTMP and WHIP that are heard in a room."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import InvalidRequest
from control_api.fields import Name, Printable, Responses, too_long
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import Ingress, NewIngress
from control_api.parts import Wired

router = APIRouter(tags=["ingress"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.INGRESS_READ))
_write = Depends(needs(Scope.INGRESS_WRITE))
_NO_INGRESS: Responses = {404: {"description": "There is no such ingress."}}
_IngressId = Annotated[str, Path(max_length=64, description="LiveKit's id of the ingress.")]


class IngressRequest(BaseModel):
    """An ingress to make."""

    kind: Literal["rtmp", "whip"] = Field(description="How the stream is sent.")
    name: Printable = Field(default="", description="A name for people.")
    room: Name = Field(min_length=1, description="The room that it is heard in.")
    identity: Name | None = Field(
        default=None, min_length=1, description="Identity in the room; none: one of our own."
    )
    participant_name: Printable = Field(default="", description="Name that others see.")
    metadata: str = Field(default="", description="Metadata of the participant.")


class IngressList(BaseModel):
    """The ingresses that LiveKit has."""

    ingresses: list[Ingress] = Field(description="In no particular order; without their keys.")


@router.post(
    "/api/ingress",
    operation_id="createIngress",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={422: {"description": "A field is not acceptable."}},
)
async def create_ingress(parts: Wired, response: Response, request: IngressRequest) -> NewIngress:
    """Makes an address for a stream; livekit-ingress has to run for it to be heard."""
    if errors := tuple(too_long("/metadata", request.metadata, parts.settings.metadata_max_bytes)):
        raise InvalidRequest(*errors)
    made = await parts.ingresses.create(
        request.kind,
        name=request.name,
        room=request.room,
        identity=request.identity or f"ingress-{secrets.token_hex(5)}",
        participant_name=request.participant_name,
        metadata=request.metadata,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = f"/api/ingress/{made.id}"
    return made


@router.get("/api/ingress", operation_id="listIngresses", dependencies=[_read])
async def list_ingresses(
    parts: Wired,
    room: Annotated[str, Query(max_length=256, description="Only of this room.")] = "",
) -> IngressList:
    """The ingresses."""
    return IngressList(ingresses=list(await parts.ingresses.list(room=room)))


@router.get(
    "/api/ingress/{ingress_id}",
    operation_id="getIngress",
    dependencies=[_read],
    responses=_NO_INGRESS,
)
async def read_ingress(parts: Wired, ingress_id: _IngressId) -> Ingress:
    """One ingress."""
    return await parts.ingresses.get(ingress_id)


@router.delete(
    "/api/ingress/{ingress_id}",
    operation_id="deleteIngress",
    status_code=204,
    dependencies=[_write],
    responses=_NO_INGRESS,
)
async def delete_ingress(parts: Wired, ingress_id: _IngressId) -> None:
    """Deletes an ingress; who sends to it is cut off."""
    await parts.ingresses.delete(ingress_id)
