"""Join tokens: LiveKit's standard token endpoint, so that every LiveKit client works unchanged.

What the caller may choose is narrow. Rights and lifetime are ours. An identity is made unique,
because LiveKit throws the earlier of two participants with one identity out of the room: a caller
who could take another's identity could end their call. A room that the caller does not name is a
fresh one (clients ask again after a lost connection and rely on that: agents are dispatched only
when a room is opened). Of `room_config` the agents are read; whatever else it asks for would give
the caller rights over the room (recording, size, tags) and is refused, not dropped in silence.
"""

import secrets
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Attributes, Name, Printable, agent_errors, attribute_errors, too_long
from control_api.livekit import Dispatch, Join
from control_api.parts import Wired
from control_api.settings import Settings

router = APIRouter(tags=["tokens"])

_AGENTS_MAX = 4
# Known fields of LiveKit's RoomConfiguration and RoomAgentDispatch that we do not honour. A
# client that sends its whole message sends them empty, which is the same as not at all; unknown
# fields are left alone, because newer clients have more of them.
_ROOM_FIELDS_REFUSED = (
    "name",
    "empty_timeout",
    "departure_timeout",
    "max_participants",
    "metadata",
    "egress",
    "min_playout_delay",
    "max_playout_delay",
    "sync_streams",
    "tags",
)
_AGENT_FIELDS_REFUSED = ("deployment", "attributes", "restart_policy")


def _both(name: str) -> AliasChoices:
    """Protobuf's JSON has both spellings of a field; LiveKit's clients send the first."""
    first, *rest = name.split("_")
    return AliasChoices(name, first + "".join(part.title() for part in rest))


class AgentRequest(BaseModel):
    """An agent that should come into the room."""

    model_config = ConfigDict(extra="allow")

    agent_name: str | None = Field(
        default=None,
        validation_alias=_both("agent_name"),
        max_length=128,
        description="Name of the agent; it has to be one that is served. None: the first one.",
    )
    metadata: str | None = Field(default=None, description="Given to the agent's job as it is.")


class RoomConfig(BaseModel):
    """LiveKit's RoomConfiguration, of which only the agents are read."""

    model_config = ConfigDict(extra="allow")

    agents: list[AgentRequest] | None = Field(
        default=None,
        max_length=_AGENTS_MAX,
        description="Agents that should come into the room; not given: the first one that is "
        "served. An empty list: nobody, a call between people.",
    )


class TokenRequest(BaseModel):
    """What the caller would like; every field may be left out."""

    room_name: Name | None = Field(
        default=None,
        validation_alias=_both("room_name"),
        description="Room to join; none: a fresh one.",
    )
    participant_name: Printable | None = Field(
        default=None,
        validation_alias=_both("participant_name"),
        description="Name that others see.",
    )
    participant_identity: Name | None = Field(
        default=None,
        validation_alias=_both("participant_identity"),
        max_length=64,
        description="Beginning of the identity; we add a part that makes it unique.",
    )
    participant_metadata: str | None = Field(
        default=None,
        validation_alias=_both("participant_metadata"),
        description="Metadata of the participant, at most CONTROL_METADATA_MAX_BYTES.",
    )
    participant_attributes: Attributes | None = Field(
        default=None,
        validation_alias=_both("participant_attributes"),
        description="Attributes of the participant, together at most CONTROL_METADATA_MAX_BYTES.",
    )
    room_config: RoomConfig | None = Field(
        default=None, validation_alias=_both("room_config"), description="Which agents should come."
    )


class TokenReply(BaseModel):
    """Where to join and with which token."""

    server_url: str = Field(description="Address of LiveKit for the client.")
    participant_token: str = Field(description="The join token, a JWT.")
    room_name: str = Field(description="The room that the token is for.")
    participant_identity: str = Field(description="The identity that the token is for.")


@router.post(
    "/api/token",
    status_code=201,
    operation_id="createToken",
    dependencies=[Depends(needs(Scope.TOKENS_CREATE, public=True))],
    responses={
        413: {"description": "The body is too large."},
        422: {"description": "A field is not acceptable."},
    },
)
async def create_token(
    parts: Wired, response: Response, request: TokenRequest | None = None
) -> TokenReply:
    """Issues a token to join a room, and with it the agent that answers there."""
    response.headers["Cache-Control"] = "no-store"
    asked = request or TokenRequest()
    if errors := tuple(_refusals(asked, parts.settings)):
        raise InvalidRequest(*errors)
    join = Join(
        room=asked.room_name or f"room-{secrets.token_hex(10)}",
        identity=f"{asked.participant_identity or 'caller'}-{secrets.token_hex(5)}",
        name=asked.participant_name or "",
        metadata=asked.participant_metadata or "",
        attributes=asked.participant_attributes or {},
        dispatches=_dispatches(asked, parts.settings),
    )
    token = parts.signer.sign(join)
    parts.telemetry.tokens.inc()
    return TokenReply(
        server_url=parts.settings.public_livekit_url,
        participant_token=token,
        room_name=join.room,
        participant_identity=join.identity,
    )


def _dispatches(asked: TokenRequest, settings: Settings) -> list[Dispatch]:
    default = settings.agents[0]
    agents = asked.room_config.agents if asked.room_config else None
    if agents is None:
        agents = [AgentRequest()]
    return [Dispatch(agent.agent_name or default, agent.metadata or "") for agent in agents]


def _refusals(asked: TokenRequest, settings: Settings) -> Iterator[FieldError]:
    bound = settings.metadata_max_bytes
    yield from too_long("/participant_metadata", asked.participant_metadata, bound)
    yield from attribute_errors(
        "/participant_attributes", asked.participant_attributes or {}, bound
    )
    if asked.room_config is None:
        return
    yield from _refused("/room_config", asked.room_config, _ROOM_FIELDS_REFUSED)
    names = set()
    for index, agent in enumerate(asked.room_config.agents or ()):
        place = f"/room_config/agents/{index}"
        name = agent.agent_name or settings.agents[0]
        yield from agent_errors(f"{place}/agent_name", name, settings.agents)
        if name in names:
            yield FieldError(f"{place}/agent_name", "Each agent can be named once.")
        names.add(name)
        yield from too_long(f"{place}/metadata", agent.metadata, bound)
        yield from _refused(place, agent, _AGENT_FIELDS_REFUSED)


def _refused(place: str, message: BaseModel, fields: tuple[str, ...]) -> Iterator[FieldError]:
    extra: dict[str, Any] = message.model_extra or {}
    for name in fields:
        for spelling in dict.fromkeys(_both(name).choices):
            if extra.get(str(spelling)) not in (None, "", 0, False, [], {}, "JRP_ON_FAILURE"):
                yield FieldError(f"{place}/{spelling}", "The caller cannot set this.")
