"""``trinity transcripts``: what was said in calls."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from trinity_cli.console import table
from trinity_cli.control_api import ControlApi, quoted
from trinity_cli.errors import BadRequest
from trinity_cli.session import JsonOption, session_of

_Room = Annotated[str, typer.Argument(metavar="ROOM", help="Name of the room.")]
_Limit = Annotated[int, typer.Option(min=1, max=100, help="The most transcripts to look at.")]


class Format(StrEnum):
    """How a transcript is saved."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    transcripts = typer.Typer(no_args_is_help=True)
    app.add_typer(
        transcripts,
        name="transcripts",
        help="What was said in calls: list, search, show, save, delete.",
    )

    @transcripts.command("list")
    def list_transcripts(
        context: typer.Context, limit: _Limit = 50, json: JsonOption = False
    ) -> None:
        """The transcripts, those with the newest words first."""
        session = session_of(context)
        with session.api() as api:
            found = api.get("/api/transcripts", limit=limit)
        rows = [
            (each["room"], each["message_count"], each["updated_at"])
            for each in found["transcripts"]
        ]
        session.console.result(
            found, table(("ROOM", "MESSAGES", "LAST"), rows, "Nothing was said yet.")
        )

    @transcripts.command("search")
    def search(
        context: typer.Context,
        words: Annotated[list[str], typer.Argument(metavar="WORD...", help="All of them.")],
        limit: _Limit = 50,
        json: JsonOption = False,
    ) -> None:
        """Where these words were said."""
        session = session_of(context)
        with session.api() as api:
            found = api.get("/api/transcripts", q=" ".join(words), limit=limit)
        rows = [
            (each["room"], message["timestamp"], message["speaker"], message["text"])
            for each in found["transcripts"]
            for message in each.get("matches") or ()
        ]
        session.console.result(
            found, table(("ROOM", "WHEN", "WHO", "TEXT"), rows, "Nobody said that.")
        )

    @transcripts.command("show")
    def show(context: typer.Context, room: _Room, json: JsonOption = False) -> None:
        """What was said in a room."""
        session = session_of(context)
        with session.api() as api:
            messages = _all(api, room)
        lines = [f"{each['timestamp']}  {each['speaker']:<5}  {each['text']}" for each in messages]
        session.console.result({"room": room, "messages": messages}, "\n".join(lines))

    @transcripts.command("save")
    def save(
        context: typer.Context,
        room: _Room,
        output: Annotated[
            Path | None,
            typer.Option("--output", "-o", help="File to write; none: standard output."),
        ] = None,
        format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TEXT,
        json: JsonOption = False,
    ) -> None:
        """Save what was said in a room: JSON, text, or subtitles."""
        session = session_of(context)
        with session.api() as api:
            text = api.text(f"/api/transcripts/{quoted(room)}/export", format=format.value)
        if output is None:
            session.console.result({"room": room, "content": text}, text.rstrip("\n"))
            return
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BadRequest(f"{output} cannot be written: {error.strerror}") from error
        session.console.result({"room": room, "file": str(output)}, str(output))

    @transcripts.command("delete")
    def delete(
        context: typer.Context,
        room: _Room,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        json: JsonOption = False,
    ) -> None:
        """Delete what was said in a room, for good."""
        session = session_of(context)
        if not yes and not typer.confirm(f"Delete what was said in {room}, for good?", err=True):
            raise typer.Abort
        with session.api() as api:
            api.delete(f"/api/transcripts/{quoted(room)}")
        session.console.result({"deleted": room}, f"The transcript of {room} is deleted.")


def _all(api: ControlApi, room: str) -> list[dict[str, Any]]:
    """Read a whole transcript, page by page."""
    messages: list[dict[str, Any]] = []
    after = None
    while True:
        page = api.get(f"/api/transcripts/{quoted(room)}", after=after)
        messages += page["messages"]
        after = page["next"]
        if after is None:
            return messages
