"""``trinity call`` and ``trinity calls``: telephones that are called."""

import secrets
import time
from typing import Annotated, Any

import typer

from trinity_cli.console import facts, table
from trinity_cli.control_api import ControlApi, Json
from trinity_cli.errors import BadRequest, CliError, NotFound
from trinity_cli.session import JsonOption, Session, session_of

_POLL_S = 0.5
_WORDS = {
    "dialing": "It rings …",
    "active": "Answered.",
    "ended": "The call is over.",
}
_REMEDIES: dict[object, str] = {
    488: "The other side takes none of our sound: is it encrypted there, and not by the trunk, or "
    "the other way round?",
    "no-sip-service": "No livekit-sip takes calls beside LiveKit: docs/telephony.md.",
    "trunk-refused": "The provider refused: look at user and password of the trunk.",
    "unknown-number": "Is the number written as the provider wants it, with + and country code?",
}
_Call = Annotated[str, typer.Argument(metavar="CALL", help="Id of the call.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def call(
        context: typer.Context,
        to: Annotated[str, typer.Argument(metavar="NUMBER", help="Number, or a softphone's user.")],
        trunk: Annotated[
            str, typer.Option(help="Name or id of the outbound trunk, where there are several.")
        ] = "",
        from_number: Annotated[str, typer.Option("--from", help="Number that is shown.")] = "",
        name: Annotated[str, typer.Option(help="Name that is shown.")] = "",
        room: Annotated[str, typer.Option(help="Room to bring them into; none: its own.")] = "",
        dtmf: Annotated[
            str, typer.Option(help="Tones when it is answered; w waits half a second.")
        ] = "",
        ring_s: Annotated[int, typer.Option(min=5, max=80, help="Seconds that it rings.")] = 30,
        wait: Annotated[
            bool, typer.Option("--wait/--no-wait", help="Wait until it is answered.")
        ] = True,
        follow: Annotated[bool, typer.Option("--follow", help="Wait until it is over.")] = False,
        json: JsonOption = False,
    ) -> None:
        """Call a telephone; the assistant is in the call and greets who answers."""
        session = session_of(context)
        with session.api() as api:
            body: dict[str, object] = {"trunk_id": _trunk(api, trunk), "to": to}
            body["ringing_timeout_s"] = ring_s
            given = {"from_number": from_number, "display_name": name, "room": room, "dtmf": dtmf}
            body |= {field: value for field, value in given.items() if value}
            placed = api.post("/api/calls", body, key=secrets.token_urlsafe(16))
            until = {"ended"} if follow else {"active", "ended"} if wait else {placed["state"]}
            placed = _wait(session, api, placed, until)
        session.console.result(placed, _shown(placed))

    calls = typer.Typer(no_args_is_help=True)
    app.add_typer(
        calls,
        name="calls",
        help="Calls that were placed: list, look, press keys, hand on, hang up.",
    )

    @calls.command("list")
    def list_calls(
        context: typer.Context,
        limit: Annotated[int, typer.Option(min=1, max=500, help="The most calls.")] = 20,
        json: JsonOption = False,
    ) -> None:
        """The calls that were placed lately."""
        session = session_of(context)
        with session.api() as api:
            found = api.get("/api/calls", limit=limit)
        rows = [
            (each["id"], each["to"], each["state"], _reason(each), each["created_at"], each["room"])
            for each in found["calls"]
        ]
        headings = ("CALL", "TO", "STATE", "WHY", "PLACED", "ROOM")
        session.console.result(found, table(headings, rows, "No call was placed lately."))

    @calls.command("show")
    def show(context: typer.Context, call_id: _Call, json: JsonOption = False) -> None:
        """One call."""
        session = session_of(context)
        with session.api() as api:
            found = api.get(f"/api/calls/{_id(call_id)}")
        session.console.result(found, _shown(found))

    @calls.command("hangup")
    def hang_up(context: typer.Context, call_id: _Call, json: JsonOption = False) -> None:
        """Hang up."""
        session = session_of(context)
        with session.api() as api:
            api.delete(f"/api/calls/{_id(call_id)}")
        session.console.result({"hung_up": call_id}, "Hung up.")

    @calls.command("transfer")
    def transfer(
        context: typer.Context,
        call_id: _Call,
        to: Annotated[str, typer.Argument(metavar="TO", help="tel:+15550100 or sip:user@host.")],
        json: JsonOption = False,
    ) -> None:
        """Hand a call on to another number; the events tell how it went."""
        session = session_of(context)
        with session.api() as api:
            found = api.post(f"/api/calls/{_id(call_id)}/transfer", {"to": to})
        session.console.result(found, f"The call is being handed on to {to}.")

    @calls.command("dtmf")
    def dtmf(
        context: typer.Context,
        call_id: _Call,
        digits: Annotated[
            str, typer.Argument(metavar="DIGITS", help="0-9, A-D, * and #; w waits half a second.")
        ],
        json: JsonOption = False,
    ) -> None:
        """Press keys on a call that was answered."""
        session = session_of(context)
        with session.api() as api:
            api.post(f"/api/calls/{_id(call_id)}/dtmf", {"digits": digits})
        session.console.result({"call": call_id, "pressed": digits}, "Pressed.")


def _id(call_id: str) -> str:
    if not call_id.isalnum():
        raise NotFound("There is no such call.", remedy="`trinity calls list` has the ids.")
    return call_id


def _trunk(api: ControlApi, wanted: str) -> str:
    """Find the outbound trunk: the one that is named, or the only one."""
    trunks = api.get("/api/sip/trunk", kind="outbound")["trunks"]
    found = [each for each in trunks if wanted in ("", each["id"], each["name"])]
    if len(found) == 1:
        return str(found[0]["id"])
    names = ", ".join(each["name"] or each["id"] for each in trunks)
    if not trunks:
        raise NotFound(
            "There is no outbound trunk to call over.",
            remedy="Make one: `trinity sip setup softphone --ring HOST:PORT`, or `trinity sip "
            "setup provider`.",
        )
    if not found:
        raise NotFound(f"There is no outbound trunk {wanted}.", remedy=f"There are: {names}")
    raise BadRequest("Which trunk shall it be?", remedy=f"Name it with --trunk: {names}")


def _wait(session: Session, api: ControlApi, call: Json, until: set[str]) -> Json:
    told = ""
    while True:
        if call["state"] != told:
            told = str(call["state"])
            if told == "failed":
                raise _failure(call)
            session.console.say(_WORDS.get(told, told))
        if told in until or told == "ended":
            return call
        time.sleep(_POLL_S)
        call = api.get(f"/api/calls/{call['id']}")


def _failure(call: Json) -> CliError:
    failure: dict[str, Any] = call.get("failure") or {}
    reason = failure.get("reason", "failed")
    status = failure.get("sip_status_code")
    told = f"The call did not come about: {reason}"
    told += f" (SIP {status})" if status else ""
    told += f": {failure['detail']}" if failure.get("detail") else ""
    return CliError(told, remedy=_REMEDIES.get(status, _REMEDIES.get(reason, "")))


def _reason(call: Json) -> str:
    return str((call.get("failure") or {}).get("reason", ""))


def _shown(call: Json) -> str:
    return facts(
        {
            "call": call["id"],
            "to": call["to"],
            "state": call["state"],
            "why": _reason(call),
            "room": call["room"],
            "answered": call.get("answered_at"),
            "ended": call.get("ended_at"),
        }
    )
