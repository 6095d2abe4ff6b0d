"""Telephones that are set up as one: trunks and the rule by which the assistant answers.

A set-up is what carries one name: an inbound trunk, the rule for its calls, and an outbound trunk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trinity_cli.control_api import ControlApi, Json
from trinity_cli.errors import BadRequest, CliError, Field, NotFound

_SHOWN = {"has_password", "id"}


@dataclass(frozen=True)
class Wanted:
    """A telephone to set up; what is None is not made.

    Attributes:
        name: Of trunks and rule.
        inbound: Body of the inbound trunk.
        outbound: Body of the outbound trunk.
        rule: Body of the rule, without its trunks.
        options: The command's option for each field that the API may refuse.
    """

    name: str
    inbound: Mapping[str, Any] | None = None
    outbound: Mapping[str, Any] | None = None
    rule: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Telephone:
    """What is there under one name."""

    name: str
    inbound: list[Json] = field(default_factory=list)
    outbound: list[Json] = field(default_factory=list)
    rules: list[Json] = field(default_factory=list)

    def as_json(self) -> Json:
        """Give it for programs."""
        return {
            "name": self.name,
            "inbound": self.inbound,
            "outbound": self.outbound,
            "rules": self.rules,
        }


def everything(api: ControlApi) -> tuple[list[Json], list[Json]]:
    """Read all trunks and all rules."""
    return api.get("/api/sip/trunk")["trunks"], api.get("/api/sip/dispatch")["rules"]


def find(api: ControlApi, name: str) -> Telephone:
    """Find what carries a name, or the one trunk or rule of an id."""
    trunks, rules = everything(api)
    named = [each for each in trunks if name in (each["name"], each["id"])]
    ids = {each["id"] for each in named}
    return Telephone(
        name,
        inbound=[each for each in named if each["kind"] == "inbound"],
        outbound=[each for each in named if each["kind"] == "outbound"],
        rules=[
            each
            for each in rules
            if name in (each["name"], each["id"])
            or (each["trunk_ids"] and set(each["trunk_ids"]) <= ids)
        ],
    )


def set_up(api: ControlApi, wanted: Wanted) -> tuple[Telephone, bool]:
    """Make a telephone; asked twice, it is made once.

    Returns:
        What is there now, and whether anything of it is new.

    Raises:
        BadRequest: The API refuses a field, or there is another one of this name.
        CliError: It could not be made; what was made of it is removed again.
    """
    there = find(api, wanted.name)
    made: list[str] = []
    try:
        if wanted.inbound is not None:
            trunk = _trunk(api, "inbound", there.inbound, wanted, made)
            if not any(trunk["id"] in rule["trunk_ids"] for rule in there.rules):
                body = {**wanted.rule, "name": wanted.name, "trunk_ids": [trunk["id"]]}
                rule = api.post("/api/sip/dispatch", body)
                made.append(f"/api/sip/dispatch/{rule['id']}")
                there.rules.append(rule)
        if wanted.outbound is not None:
            _trunk(api, "outbound", there.outbound, wanted, made)
    except CliError as error:
        for path in reversed(made):
            api.delete(path)
        if isinstance(error, BadRequest):
            raise _in_options(error, wanted.options) from error
        raise
    return there, bool(made)


def remove(api: ControlApi, name: str) -> Telephone:
    """Remove everything of a name, rules first; calls that run go on.

    Raises:
        NotFound: There is nothing of that name.
    """
    there = find(api, name)
    if not (there.inbound or there.outbound or there.rules):
        raise NotFound(
            f"There is no trunk or rule {name}.", remedy="`trinity sip list` shows what there is."
        )
    for rule in there.rules:
        api.delete(f"/api/sip/dispatch/{rule['id']}")
    for trunk in (*there.inbound, *there.outbound):
        api.delete(f"/api/sip/trunk/{trunk['id']}")
    return there


def _trunk(api: ControlApi, kind: str, there: list[Json], wanted: Wanted, made: list[str]) -> Json:
    """Give the trunk of the name, made where there is none."""
    body = wanted.inbound if kind == "inbound" else wanted.outbound
    assert body is not None
    if there:
        (trunk, *_) = there
        differs = [
            name
            for name, value in body.items()
            if name not in _SHOWN and name in trunk and trunk[name] != value
        ]
        if differs or bool(body.get("auth_password")) != trunk["has_password"]:
            raise BadRequest(
                f"There is another {kind} trunk {wanted.name} already, with other "
                f"{', '.join(differs) or 'credentials'}.",
                remedy=f"`trinity sip remove {wanted.name}` first, or choose another --name.",
            )
        return trunk
    trunk = api.post("/api/sip/trunk", {**body, "kind": kind, "name": wanted.name})
    made.append(f"/api/sip/trunk/{trunk['id']}")
    there.append(trunk)
    return trunk


def _in_options(error: BadRequest, options: Mapping[str, str]) -> BadRequest:
    """Name the command's options where the API named its fields."""
    fields = []
    for each in error.fields:
        name = each.name.strip("/").split("/")[0]
        fields.append(Field(options.get(name, each.name), each.message))
    return BadRequest(
        error.message, remedy=error.remedy, fields=fields, request_id=error.request_id
    )
