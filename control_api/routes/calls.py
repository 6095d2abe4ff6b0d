"""Calls to telephones: place, look, hand on, hang up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from control_api.access import Caller, Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Name, Printable, Responses, agent_errors, too_long
from control_api.idempotency import IdempotencyKey
from control_api.livekit import Dial, Dispatch, Number
from control_api.parts import Parts, Wired
from control_api.store import Call

router = APIRouter(tags=["calls"])
_read = Depends(needs(Scope.CALLS_READ))
_write = Depends(needs(Scope.CALLS_WRITE))
_NO_CALL: Responses = {404: {"description": "We placed no such call."}}
_CallId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Our id of the call.")]


class CallRequest(BaseModel):
    """Whom to call."""

    trunk_id: str = Field(max_length=64, description="The outbound trunk.")
    to: Number = Field(description="The number, or the user part of a SIP address.")
    from_number: Number | None = Field(
        default=None, description="Number of the trunk that is shown; none: the trunk's first."
    )
    display_name: Printable = Field(default="", description="Name that is shown.")
    room: Name | None = Field(
        default=None, min_length=1, description="Room to bring them into; none: one of our own."
    )
    agents: list[Name] | None = Field(
        default=None,
        max_length=4,
        description="Agents that come into a room which the call opens; not given: the first one "
        "that is served; an empty list: nobody.",
    )
    agent_metadata: str = Field(default="", description="Given to the agents' jobs.")
    dtmf: str = Field(
        default="",
        pattern=r"^[0-9A-Da-d*#wW]{0,64}$",
        description="Tones when it is answered, such as an extension; w waits half a second.",
    )
    ringing_timeout_s: int = Field(default=30, ge=5, le=80, description="Seconds that it rings.")
    max_call_duration_s: int = Field(
        default=3600, ge=10, le=86_400, description="Seconds after which it is ended."
    )
    hide_phone_number: bool = Field(
        default=True, description="Others in the room do not see the number."
    )


class TransferRequest(BaseModel):
    """Where to hand a call on to."""

    to: str = Field(
        max_length=256,
        pattern=r"^(tel:\+?[0-9*#-]+|sips?:[^\s@<>]+@[A-Za-z0-9.\[\]:_-]+)$",
        description="`tel:+15550100` or `sip:user@host`.",
    )


class TonesRequest(BaseModel):
    """Keys to press."""

    digits: str = Field(
        pattern=r"^[0-9A-Da-d*#wW]{1,24}$",
        description="`0`-`9`, `A`-`D`, `*`, `#`, and w, which waits half a second.",
    )


class CallList(BaseModel):
    """Calls that we placed."""

    calls: list[Call] = Field(description="The newest first.")


@router.post(
    "/api/calls",
    operation_id="placeCall",
    status_code=202,
    responses={422: {"description": "A field is not acceptable."}},
)
async def place_call(
    parts: Wired,
    response: Response,
    request: CallRequest,
    caller: Annotated[Caller, _write],
    idempotency_key: IdempotencyKey = None,
) -> Call:
    """Begins to call somebody; the call's state, and events, tell what becomes of it."""
    agents = [parts.settings.agents[0]] if request.agents is None else request.agents
    if errors := await _errors(request, agents, parts):
        raise InvalidRequest(*errors)

    def wanted(call_id: str, identity: str) -> Dial:
        return Dial(
            trunk_id=request.trunk_id,
            to=request.to,
            room=request.room or f"call-{call_id}",
            identity=identity,
            from_number=request.from_number or "",
            display_name=request.display_name,
            dtmf=request.dtmf,
            ringing_timeout_s=request.ringing_timeout_s,
            max_call_duration_s=request.max_call_duration_s,
            hide_phone_number=request.hide_phone_number,
        )

    dispatches = [Dispatch(name, request.agent_metadata) for name in agents]
    key = None if idempotency_key is None else f"{caller.key_id}:{idempotency_key}"
    call = await parts.calls.place(wanted, dispatches, key)
    response.headers["Location"] = f"/api/calls/{call.id}"
    return call


@router.get("/api/calls", operation_id="listCalls", dependencies=[_read])
async def list_calls(
    parts: Wired,
    limit: Annotated[int, Query(ge=1, le=500, description="The most calls to return.")] = 50,
) -> CallList:
    """The calls that we placed lately."""
    return CallList(calls=await parts.calls.recent(limit))


@router.get(
    "/api/calls/{call_id}", operation_id="getCall", dependencies=[_read], responses=_NO_CALL
)
async def read_call(parts: Wired, call_id: _CallId) -> Call:
    """One call."""
    return await parts.calls.get(call_id)


@router.delete(
    "/api/calls/{call_id}",
    operation_id="hangUp",
    status_code=204,
    dependencies=[_write],
    responses=_NO_CALL,
)
async def hang_up(parts: Wired, call_id: _CallId) -> None:
    """Hangs up; a call that is over stays as it is."""
    await parts.calls.hang_up(call_id)


@router.post(
    "/api/calls/{call_id}/transfer",
    operation_id="transferCall",
    status_code=202,
    dependencies=[_write],
    responses={**_NO_CALL, 409: {"description": "Nobody has answered, or the call is over."}},
)
async def transfer_call(parts: Wired, call_id: _CallId, request: TransferRequest) -> Call:
    """Begins to hand a call on to another number; events tell how it went."""
    return await parts.calls.transfer(call_id, request.to)


@router.post(
    "/api/calls/{call_id}/dtmf",
    operation_id="sendTones",
    status_code=204,
    dependencies=[_write],
    responses={**_NO_CALL, 409: {"description": "Nobody has answered, or the call is over."}},
)
async def send_tones(parts: Wired, call_id: _CallId, request: TonesRequest) -> None:
    """Presses keys on a call; the answer comes when the last tone has been sent."""
    await parts.calls.send_tones(call_id, request.digits)


async def _errors(request: CallRequest, agents: list[str], parts: Parts) -> list[FieldError]:
    errors = list(
        too_long("/agent_metadata", request.agent_metadata, parts.settings.metadata_max_bytes)
    )
    for index, name in enumerate(agents):
        errors += agent_errors(f"/agents/{index}", name, parts.settings.agents)
    trunk = next((t for t in await parts.trunks.outbound() if t.id == request.trunk_id), None)
    if trunk is None:
        errors.append(FieldError("/trunk_id", "There is no such outbound trunk."))
    elif request.from_number is not None and request.from_number not in trunk.numbers:
        errors.append(FieldError("/from_number", "The trunk does not have this number."))
    return errors
