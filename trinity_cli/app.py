"""Puts the command together, and turns errors into exit statuses."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import ValidationError

from trinity_cli.commands import (
    calls,
    doctor,
    listing,
    rooms,
    say,
    sip,
    stack,
    token,
    transcribe,
    transcripts,
)
from trinity_cli.console import Console
from trinity_cli.errors import BadRequest, CliError, Field
from trinity_cli.session import JsonOption, Session
from trinity_cli.settings import CliSettings

_INTERRUPTED = 130

app = typer.Typer(
    name="trinity",
    help="Runs, checks and uses a Trinity: self-hosted voice agents.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(
    context: typer.Context,
    api: Annotated[
        str, typer.Option("--api", metavar="URL", help="Control API, instead of TRINITY_API_URL.")
    ] = "",
    speech: Annotated[
        str,
        typer.Option(
            "--speech", metavar="HOST:PORT", help="Speech server, instead of TRINITY_SPEECH_TARGET."
        ),
    ] = "",
    json: JsonOption = False,
) -> None:
    given = {"api_url": api, "speech_target": speech}
    named = {name: value for name, value in given.items() if value}
    if named:
        session = context.obj
        session.settings = _settings(**{**session.settings.model_dump(), **named})


for _module in (stack, doctor, token, rooms, calls, sip, transcripts, say, transcribe, listing):
    _module.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status.

    Args:
        arguments: Without the program's name; those of the process when None.
    """
    console = Console()
    wanted = list(sys.argv[1:] if arguments is None else arguments)
    # Also for errors that come before the option is looked at.
    console.json = "--json" in wanted
    try:
        session = Session(_settings(), console)
        result = app(wanted, standalone_mode=False, obj=session, prog_name="trinity")
    except CliError as error:
        console.failed(error)
        return error.status
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        console.say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # Who read our output has seen enough; Python would complain when it flushes.
        sys.stdout = None
        return 0
    except typer.TyperException as error:
        told = getattr(error, "format_message", None)
        message = told() if told else str(error)
        console.failed(BadRequest(message, remedy="`trinity --help` lists what there is."))
        return BadRequest.status
    return result if isinstance(result, int) else 0


def _settings(**values: object) -> CliSettings:
    try:
        return CliSettings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        fields = [
            Field(_variable(str(item["loc"][0]) if item["loc"] else ""), item["msg"])
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise BadRequest("A setting is not acceptable.", fields=fields) from None


def _variable(name: str) -> str:
    is_own = name in CliSettings.model_fields
    return f"TRINITY_{name.upper()}" if is_own else name
