"""``trinity token``: a place in a room."""

from typing import Annotated

import typer

from trinity_cli.console import facts
from trinity_cli.session import JsonOption, session_of


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def token(
        context: typer.Context,
        room: Annotated[str, typer.Option(help="Room to join; none: a fresh one.")] = "",
        name: Annotated[str, typer.Option(help="Name that others see.")] = "",
        agent: Annotated[
            str, typer.Option(help="Agent that comes; none: the first one that is served.")
        ] = "",
        alone: Annotated[bool, typer.Option("--alone", help="Ask for no agent.")] = False,
        json: JsonOption = False,
    ) -> None:
        """Ask for a join token, as a browser does."""
        session = session_of(context)
        body: dict[str, object] = {}
        if room:
            body["room_name"] = room
        if name:
            body["participant_name"] = name
        if agent or alone:
            agents = [] if alone else [{"agent_name": agent}]
            body["room_config"] = {"agents": agents}
        with session.api() as api:
            made = api.post("/api/token", body)
        session.console.result(
            made,
            facts(
                {
                    "room": made["room_name"],
                    "identity": made["participant_identity"],
                    "server": made["server_url"],
                    "token": made["participant_token"],
                }
            ),
        )
