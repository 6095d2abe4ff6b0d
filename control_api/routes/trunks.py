"""SIP trunks: make, look, delete. One that anybody could call is refused."""

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field, SecretStr

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Responses
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import InboundTrunk, KnownInboundTrunk, KnownOutboundTrunk, OutboundTrunk
from control_api.parts import Wired

router = APIRouter(tags=["sip"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.SIP_READ))
_write = Depends(needs(Scope.SIP_WRITE))
_NO_TRUNK: Responses = {404: {"description": "There is no such trunk."}}
# Below this, a machine that tries passwords over SIP finds one in days.
_PASSWORD_MIN = 12
_TrunkId = Annotated[str, Path(max_length=64, description="LiveKit's id of the trunk.")]
_Password = Annotated[SecretStr, Field(max_length=256)]


class InboundTrunkRequest(InboundTrunk):
    """An inbound trunk to make; `allowed_addresses` or a password says who may call."""

    kind: Literal["inbound"] = Field(description="Calls come in.")
    auth_password: _Password = Field(
        default=SecretStr(""), description=f"At least {_PASSWORD_MIN} characters."
    )


class OutboundTrunkRequest(OutboundTrunk):
    """An outbound trunk to make."""

    auth_password: _Password = Field(default=SecretStr(""), description="We sign in with it.")


TrunkRequest = Annotated[InboundTrunkRequest | OutboundTrunkRequest, Field(discriminator="kind")]
Trunk = Annotated[KnownInboundTrunk | KnownOutboundTrunk, Field(discriminator="kind")]


class TrunkList(BaseModel):
    """The trunks that LiveKit has."""

    trunks: list[Trunk] = Field(description="Inbound ones first.")


@router.get("/api/sip/trunk", operation_id="listTrunks", dependencies=[_read])
async def list_trunks(
    parts: Wired,
    kind: Literal["inbound", "outbound"] | None = Query(None, description="Only of this kind."),
) -> TrunkList:
    """The SIP trunks."""
    inbound = await parts.trunks.inbound() if kind != "outbound" else []
    outbound = await parts.trunks.outbound() if kind != "inbound" else []
    return TrunkList.model_construct(trunks=[*inbound, *outbound])


@router.post(
    "/api/sip/trunk",
    operation_id="createTrunk",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={422: {"description": "A field is not acceptable, or LiveKit says why not."}},
)
async def create_trunk(parts: Wired, response: Response, request: TrunkRequest) -> Trunk:
    """Makes a SIP trunk."""
    made: KnownInboundTrunk | KnownOutboundTrunk
    if isinstance(request, InboundTrunkRequest):
        _raise(_inbound_errors(request))
        made = await parts.trunks.create_inbound(request, request.auth_password)
    else:
        _raise(_both_or_none(request.auth_username, request.auth_password))
        made = await parts.trunks.create_outbound(request, request.auth_password)
    response.headers["Location"] = f"/api/sip/trunk/{made.id}"
    return made


@router.get(
    "/api/sip/trunk/{trunk_id}",
    operation_id="getTrunk",
    dependencies=[_read],
    responses=_NO_TRUNK,
)
async def read_trunk(parts: Wired, trunk_id: _TrunkId) -> Trunk:
    """One SIP trunk."""
    return await parts.trunks.get(trunk_id)


@router.delete(
    "/api/sip/trunk/{trunk_id}",
    operation_id="deleteTrunk",
    status_code=204,
    dependencies=[_write],
    responses=_NO_TRUNK,
)
async def delete_trunk(parts: Wired, trunk_id: _TrunkId) -> None:
    """Deletes a SIP trunk; calls that run on it go on."""
    await parts.trunks.delete(trunk_id)


def _raise(errors: Iterator[FieldError]) -> None:
    if found := tuple(errors):
        raise InvalidRequest(*found)


def _inbound_errors(trunk: InboundTrunkRequest) -> Iterator[FieldError]:
    password = trunk.auth_password.get_secret_value()
    yield from _both_or_none(trunk.auth_username, trunk.auth_password)
    if password and len(password) < _PASSWORD_MIN:
        yield FieldError("/auth_password", f"At least {_PASSWORD_MIN} characters, please.")
    if not trunk.allowed_addresses and not password:
        # LiveKit takes such a trunk, and then anybody who finds the port may call.
        yield FieldError(
            "/allowed_addresses", "Anybody could call: name addresses, or a user and a password."
        )
    for index, address in enumerate(trunk.allowed_addresses):
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            yield FieldError(f"/allowed_addresses/{index}", "This is no IP address or network.")
            continue
        if network.prefixlen == 0:
            yield FieldError(f"/allowed_addresses/{index}", "This network is the whole internet.")


def _both_or_none(username: str, password: SecretStr) -> Iterator[FieldError]:
    if bool(username) != bool(password.get_secret_value()):
        missing = "/auth_password" if username else "/auth_username"
        yield FieldError(missing, "A user and a password belong together.")
