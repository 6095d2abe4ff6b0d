"""SIP dispatch rules: into which room a call comes, and which agent answers it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from livekit import api
from pydantic import BaseModel, Field

from control_api.errors import ResourceNotFound
from control_api.fields import Attributes, Name
from control_api.livekit.client import LiveKitClient
from control_api.livekit.trunks import Number

_TrunkId = Annotated[str, Field(min_length=1, max_length=64)]


class DispatchRule(BaseModel):
    """What happens with a call that comes in."""

    name: str = Field(default="", max_length=128, description="A name for people.")
    kind: Literal["individual", "direct", "callee"] = Field(
        default="individual",
        description="individual: a room for each caller; direct: all into one room; callee: a "
        "room for each number that is called.",
    )
    room: Name = Field(
        default="call-",
        min_length=1,
        description="The room's name with `direct`, else the beginning of the names.",
    )
    pin: str = Field(
        default="", pattern=r"^\d{0,16}$", description="Digits that the caller has to dial."
    )
    trunk_ids: list[_TrunkId] = Field(
        default_factory=list, max_length=100, description="Inbound trunks; empty: all of them."
    )
    from_numbers: list[Number] = Field(
        default_factory=list, max_length=1000, description="Only for these callers; empty: all."
    )
    to_numbers: list[Number] = Field(
        default_factory=list, max_length=1000, description="Only for these numbers of ours."
    )
    agents: list[Name] | None = Field(
        default=None,
        max_length=4,
        description="Agents that answer; not given: the first one that is served; an empty list: "
        "nobody.",
    )
    hide_phone_number: bool = Field(
        default=True, description="Others in the room do not see the caller's number."
    )
    metadata: str = Field(default="", description="Metadata of the caller.")
    attributes: Attributes = Field(default_factory=dict, description="Attributes of the caller.")


class KnownDispatchRule(DispatchRule):
    """A rule that LiveKit has."""

    id: str = Field(description="LiveKit's id of the rule.")


class DispatchRules:
    """What can be done with dispatch rules."""

    def __init__(self, client: LiveKitClient) -> None:
        self._client = client
        self._service = client.api.sip

    async def list(self) -> Sequence[KnownDispatchRule]:
        """All rules."""
        request = api.ListSIPDispatchRuleRequest()
        reply = await self._client.call(
            "sip", "list_dispatch_rule", lambda: self._service.list_dispatch_rule(request)
        )
        return [_rule(each) for each in reply.items]

    async def get(self, rule_id: str) -> KnownDispatchRule:
        """One rule.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        for rule in await self.list():
            if rule.id == rule_id:
                return rule
        raise ResourceNotFound("dispatch rule")

    async def create(self, rule: DispatchRule) -> KnownDispatchRule:
        """Makes a rule; `agents` has to be a list by now.

        Raises:
            Rejected: Another rule takes the same calls.
        """
        info = api.SIPDispatchRuleInfo(
            name=rule.name,
            rule=_target(rule),
            trunk_ids=rule.trunk_ids,
            # LiveKit's names: `inbound_numbers` are the callers', `numbers` those called.
            inbound_numbers=rule.from_numbers,
            numbers=rule.to_numbers,
            hide_phone_number=rule.hide_phone_number,
            metadata=rule.metadata,
            attributes=rule.attributes,
            room_config=api.RoomConfiguration(
                agents=[api.RoomAgentDispatch(agent_name=name) for name in rule.agents or ()]
            ),
        )
        request = api.CreateSIPDispatchRuleRequest(dispatch_rule=info)
        made = await self._client.call(
            "sip", "create_dispatch_rule", lambda: self._service.create_dispatch_rule(request)
        )
        return _rule(made)

    async def delete(self, rule_id: str) -> None:
        """Deletes a rule.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule_id)
        await self._client.call(
            "sip",
            "delete_dispatch_rule",
            lambda: self._service.delete_dispatch_rule(request),
            what="dispatch rule",
        )


def _target(rule: DispatchRule) -> api.SIPDispatchRule:
    if rule.kind == "direct":
        direct = api.SIPDispatchRuleDirect(room_name=rule.room, pin=rule.pin)
        return api.SIPDispatchRule(dispatch_rule_direct=direct)
    if rule.kind == "callee":
        callee = api.SIPDispatchRuleCallee(room_prefix=rule.room, pin=rule.pin)
        return api.SIPDispatchRule(dispatch_rule_callee=callee)
    individual = api.SIPDispatchRuleIndividual(room_prefix=rule.room, pin=rule.pin)
    return api.SIPDispatchRule(dispatch_rule_individual=individual)


def _rule(info: api.SIPDispatchRuleInfo) -> KnownDispatchRule:
    which = info.rule.WhichOneof("rule") or "dispatch_rule_individual"
    target = getattr(info.rule, which)
    return KnownDispatchRule.model_construct(
        id=info.sip_dispatch_rule_id,
        name=info.name,
        kind=which.removeprefix("dispatch_rule_"),
        room=target.room_name if which == "dispatch_rule_direct" else target.room_prefix,
        pin=target.pin,
        trunk_ids=list(info.trunk_ids),
        from_numbers=list(info.inbound_numbers),
        to_numbers=list(info.numbers),
        agents=[agent.agent_name for agent in info.room_config.agents],
        hide_phone_number=info.hide_phone_number,
        metadata=info.metadata,
        attributes=dict(info.attributes),
    )
