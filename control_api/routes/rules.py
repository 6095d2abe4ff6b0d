"""SIP dispatch rules: make, look, delete."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest
from control_api.fields import Responses, agent_errors, attribute_errors, too_long
from control_api.idempotency import IdempotentRoute, accepts_key
from control_api.livekit import DispatchRule, KnownDispatchRule
from control_api.parts import Parts, Wired

router = APIRouter(tags=["sip"], route_class=IdempotentRoute)
_read = Depends(needs(Scope.SIP_READ))
_write = Depends(needs(Scope.SIP_WRITE))
_NO_RULE: Responses = {404: {"description": "There is no such rule."}}
_RuleId = Annotated[str, Path(max_length=64, description="LiveKit's id of the rule.")]


class DispatchRuleList(BaseModel):
    """The rules that LiveKit has."""

    rules: list[KnownDispatchRule] = Field(description="In no particular order.")


@router.get("/api/sip/dispatch", operation_id="listDispatchRules", dependencies=[_read])
async def list_rules(parts: Wired) -> DispatchRuleList:
    """The SIP dispatch rules."""
    return DispatchRuleList.model_construct(rules=list(await parts.rules.list()))


@router.post(
    "/api/sip/dispatch",
    operation_id="createDispatchRule",
    status_code=201,
    dependencies=[_write, accepts_key],
    responses={422: {"description": "A field is not acceptable, or LiveKit says why not."}},
)
async def create_rule(
    parts: Wired, response: Response, request: DispatchRule | None = None
) -> KnownDispatchRule:
    """Makes a rule; without any field: a room for each caller, and the agent answers."""
    rule = request or DispatchRule()
    if rule.agents is None:
        rule = rule.model_copy(update={"agents": [parts.settings.agents[0]]})
    if errors := await _errors(rule, parts):
        raise InvalidRequest(*errors)
    made = await parts.rules.create(rule)
    response.headers["Location"] = f"/api/sip/dispatch/{made.id}"
    return made


@router.get(
    "/api/sip/dispatch/{rule_id}",
    operation_id="getDispatchRule",
    dependencies=[_read],
    responses=_NO_RULE,
)
async def read_rule(parts: Wired, rule_id: _RuleId) -> KnownDispatchRule:
    """One SIP dispatch rule."""
    return await parts.rules.get(rule_id)


@router.delete(
    "/api/sip/dispatch/{rule_id}",
    operation_id="deleteDispatchRule",
    status_code=204,
    dependencies=[_write],
    responses=_NO_RULE,
)
async def delete_rule(parts: Wired, rule_id: _RuleId) -> None:
    """Deletes a SIP dispatch rule; calls that came by it go on."""
    await parts.rules.delete(rule_id)


async def _errors(rule: DispatchRule, parts: Parts) -> list[FieldError]:
    bound = parts.settings.metadata_max_bytes
    errors = [
        *too_long("/metadata", rule.metadata, bound),
        *attribute_errors("/attributes", rule.attributes, bound),
    ]
    for index, name in enumerate(rule.agents or ()):
        errors += agent_errors(f"/agents/{index}", name, parts.settings.agents)
    if rule.trunk_ids:
        # LiveKit takes a rule for a trunk that it does not have; no call would ever come by it.
        known = {trunk.id for trunk in await parts.trunks.inbound()}
        for index, trunk_id in enumerate(rule.trunk_ids):
            if trunk_id not in known:
                errors.append(FieldError(f"/trunk_ids/{index}", "There is no such inbound trunk."))
    return errors
