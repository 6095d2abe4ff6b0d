"""``trinity sip``: telephones that can call, and can be called."""

import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from trinity_cli import telephone
from trinity_cli.console import joined, table
from trinity_cli.errors import BadRequest
from trinity_cli.session import JsonOption, Session, session_of
from trinity_cli.telephone import Telephone, Wanted

PASSWORD = "TRINITY_SIP_PASSWORD"
_OPTIONS = {
    "allowed_addresses": "--allow",
    "auth_username": "--username",
    "auth_password": PASSWORD,
    "numbers": "--number",
    "address": "--address",
    "agents": "--agent",
    "pin": "--pin",
    "transport": "--transport",
}
# With `allow` livekit-sip offers encrypted sound only: who has none refuses the call (488).
_PLAIN = "disable"
_Allow = Annotated[
    list[str] | None,
    typer.Option(help="IP address or network (CIDR) that may call; may be repeated."),
]
_Username = Annotated[
    str, typer.Option(help=f"Who signs in so; the password is read from {PASSWORD}, or asked for.")
]
_Agent = Annotated[str, typer.Option(help="Agent that answers; none: the first one served.")]


class Transport(StrEnum):
    """How SIP is carried."""

    AUTO = "auto"
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sip = typer.Typer(no_args_is_help=True)
    app.add_typer(sip, name="sip", help="Telephones: set one up, list, remove.")
    setup = typer.Typer(no_args_is_help=True)
    sip.add_typer(setup, name="setup", help="Make trunks, and the rule by which the agent answers.")

    @setup.command("softphone")
    def softphone(
        context: typer.Context,
        name: Annotated[str, typer.Option(help="Name of trunks and rule.")] = "softphone",
        number: Annotated[str, typer.Option(help="What the softphone dials.")] = "trinity",
        allow: _Allow = None,
        username: _Username = "",
        ring: Annotated[
            str,
            typer.Option(
                metavar="HOST:PORT", help="Where the softphone listens, so that it can be called."
            ),
        ] = "",
        agent: _Agent = "",
        json: JsonOption = False,
    ) -> None:
        """Let a softphone (Linphone, say) call the assistant, and be called by it.

        Without --allow and --username, softphones on this machine may call.
        """
        session = session_of(context)
        allowed = allow or ([] if username else ["127.0.0.1"])
        wanted = Wanted(
            name,
            inbound={
                "numbers": [number],
                "allowed_addresses": allowed,
                **_credentials(username),
            },
            outbound={
                "address": ring,
                "transport": "udp",
                "numbers": [number],
                "media_encryption": _PLAIN,
            }
            if ring
            else None,
            rule=_rule(agent),
            options={**_OPTIONS, "address": "--ring"},
        )
        there, is_new = _set_up(session, wanted)
        host = session.settings.sip_address or "HOST:5060"
        lines = [_state(there, is_new), f"Dial this in the softphone: sip:{number}@{host}"]
        if ring:
            lines.append(f"Let it ring: trinity call {number} --trunk {name}")
        session.console.result({**there.as_json(), "new": is_new}, "\n".join(lines))

    @setup.command("provider")
    def provider(
        context: typer.Context,
        number: Annotated[
            list[str], typer.Option(help="Your number at the provider; may be repeated.")
        ],
        address: Annotated[
            str, typer.Option(help="The provider's SIP server: host or host:port, without sip:")
        ],
        name: Annotated[str, typer.Option(help="Name of trunks and rule.")] = "provider",
        allow: _Allow = None,
        username: _Username = "",
        transport: Annotated[Transport, typer.Option(help="How SIP is carried.")] = Transport.AUTO,
        encrypt: Annotated[
            bool, typer.Option("--encrypt", help="Insist on encrypted sound (SRTP).")
        ] = False,
        pin: Annotated[str, typer.Option(help="Digits that callers have to dial.")] = "",
        agent: _Agent = "",
        json: JsonOption = False,
    ) -> None:
        """Connect a telephone provider: calls to your number, and calls out.

        Who may call in is said by --allow, the provider's addresses. Without it, whoever calls has
        to sign in with the user and the password, which few providers do.
        """
        session = session_of(context)
        credentials = _credentials(username)
        inbound: dict[str, Any] = {"numbers": number, "allowed_addresses": allow or []}
        if encrypt:
            inbound["media_encryption"] = "require"
        wanted = Wanted(
            name,
            inbound=inbound if allow else {**inbound, **credentials},
            outbound={
                "address": address,
                "transport": transport.value,
                "numbers": number,
                "media_encryption": "require" if encrypt else _PLAIN,
                **credentials,
            },
            rule={**_rule(agent), **({"pin": pin} if pin else {})},
            options=_OPTIONS,
        )
        there, is_new = _set_up(session, wanted)
        host = session.settings.sip_address or "HOST:5060"
        lines = [
            _state(there, is_new),
            f"At the provider, send calls to this machine's public address (here: {host}).",
            f"Call out: trinity call +15550123 --trunk {name}",
        ]
        session.console.result({**there.as_json(), "new": is_new}, "\n".join(lines))

    @sip.command("list")
    def list_sip(context: typer.Context, json: JsonOption = False) -> None:
        """The trunks and the rules."""
        session = session_of(context)
        with session.api() as api:
            trunks, rules = telephone.everything(api)
        shown = [
            table(
                ("TRUNK", "CALLS", "NUMBERS", "WITH", "SIGNS IN", "ID"),
                [_trunk_row(each) for each in trunks],
                "There is no trunk: `trinity sip setup softphone` makes one.",
            ),
            table(
                ("RULE", "ROOM", "AGENT", "TRUNKS", "ID"),
                [_rule_row(each, trunks) for each in rules],
                "There is no rule: nobody answers a call.",
            ),
        ]
        session.console.result({"trunks": trunks, "rules": rules}, "\n\n".join(shown))

    @sip.command("remove")
    def remove(
        context: typer.Context,
        name: Annotated[
            str, typer.Argument(metavar="NAME", help="Name of a set-up, or an id of `sip list`.")
        ],
        json: JsonOption = False,
    ) -> None:
        """Remove the trunks and rules of a name; calls that run go on."""
        session = session_of(context)
        with session.api() as api:
            gone = telephone.remove(api, name)
        count = len(gone.inbound) + len(gone.outbound)
        text = f"Removed {name}: trunks {count}, rules {len(gone.rules)}."
        session.console.result(gone.as_json(), text)


def _set_up(session: Session, wanted: Wanted) -> tuple[Telephone, bool]:
    with session.api() as api:
        return telephone.set_up(api, wanted)


def _rule(agent: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"kind": "individual", "room": "call-"}
    return {**rule, "agents": [agent]} if agent else rule


def _credentials(username: str) -> dict[str, str]:
    """Give user and password; the password comes from the environment or a person, never argv."""
    if not username:
        return {}
    password = os.environ.get(PASSWORD, "")
    if not password:
        if not sys.stdin.isatty():
            raise BadRequest(f"A password belongs to --username: put it into {PASSWORD}.")
        password = typer.prompt("Password", hide_input=True, err=True)
    return {"auth_username": username, "auth_password": password}


def _state(there: Telephone, is_new: bool) -> str:
    return f"{there.name} is set up." if is_new else f"{there.name} was set up already."


def _trunk_row(trunk: dict[str, Any]) -> tuple[str, ...]:
    is_inbound = trunk["kind"] == "inbound"
    return (
        trunk["name"],
        "come in" if is_inbound else "go out",
        joined(trunk["numbers"]),
        joined(trunk["allowed_addresses"]) if is_inbound else trunk["address"],
        trunk["auth_username"] or "no",
        trunk["id"],
    )


def _rule_row(rule: dict[str, Any], trunks: list[dict[str, Any]]) -> tuple[str, ...]:
    names = {each["id"]: each["name"] or each["id"] for each in trunks}
    ending = "" if rule["kind"] == "direct" else "…"
    return (
        rule["name"],
        f"{rule['room']}{ending}",
        joined(rule["agents"] or [], "nobody"),
        joined([names.get(each, each) for each in rule["trunk_ids"]], "all"),
        rule["id"],
    )
