"""``trinity rooms``: which are open, who is in them."""

from typing import Annotated

import typer

from trinity_cli.console import facts, table
from trinity_cli.control_api import quoted
from trinity_cli.session import JsonOption, session_of

_Room = Annotated[str, typer.Argument(metavar="ROOM", help="Name of the room.")]
_Agents = Annotated[
    list[str] | None,
    typer.Option("--agent", help="Agent that comes at once; may be repeated."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rooms = typer.Typer(no_args_is_help=True)
    app.add_typer(rooms, name="rooms", help="Rooms: list, open, look, send somebody out, close.")

    @rooms.command("list")
    def list_rooms(context: typer.Context, json: JsonOption = False) -> None:
        """The rooms that are open."""
        session = session_of(context)
        with session.api() as api:
            found = api.get("/api/rooms")
        rows = [
            (each["name"], each["participants"], each["created_at"], _yes(each["recording"]))
            for each in found["rooms"]
        ]
        session.console.result(
            found, table(("ROOM", "PEOPLE", "SINCE", "RECORDED"), rows, "No room is open.")
        )

    @rooms.command("open")
    def open_room(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="Its name; none: one of the API's.")] = "",
        agents: _Agents = None,
        json: JsonOption = False,
    ) -> None:
        """Open a room before anybody joins it."""
        session = session_of(context)
        body: dict[str, object] = {"agents": agents or []}
        if name:
            body["name"] = name
        with session.api() as api:
            room = api.post("/api/rooms", body)
        session.console.result(room, facts({"room": room["name"], "since": room["created_at"]}))

    @rooms.command("show")
    def show_room(context: typer.Context, room: _Room, json: JsonOption = False) -> None:
        """Who is in a room."""
        session = session_of(context)
        with session.api() as api:
            found = api.get(f"/api/rooms/{quoted(room)}/participants")
        rows = [
            (
                each["identity"],
                each["kind"],
                each["state"],
                ", ".join(track["source"] for track in each["tracks"]),
                each["name"],
            )
            for each in found["participants"]
        ]
        headings = ("IDENTITY", "KIND", "STATE", "PUBLISHES", "NAME")
        session.console.result(found, table(headings, rows, "Nobody is in it."))

    @rooms.command("kick")
    def kick(
        context: typer.Context,
        room: _Room,
        identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="Whom.")],
        json: JsonOption = False,
    ) -> None:
        """Send somebody out of a room; a telephone is hung up."""
        session = session_of(context)
        with session.api() as api:
            api.delete(f"/api/rooms/{quoted(room)}/participants/{quoted(identity)}")
        session.console.result({"room": room, "removed": identity}, f"{identity} was sent out.")

    @rooms.command("close")
    def close_room(context: typer.Context, room: _Room, json: JsonOption = False) -> None:
        """Close a room; everybody is sent out, telephones are hung up."""
        session = session_of(context)
        with session.api() as api:
            api.delete(f"/api/rooms/{quoted(room)}")
        session.console.result({"closed": room}, f"{room} is closed.")


def _yes(value: bool) -> str:
    return "yes" if value else ""
