"""What all commands of one run share."""

from typing import Annotated

import typer

from trinity_cli.console import Console
from trinity_cli.control_api import ControlApi
from trinity_cli.settings import CliSettings
from trinity_cli.speech import SpeechServer


class Session:
    """Settings, the console, and clients that are opened when they are needed."""

    def __init__(self, settings: CliSettings, console: Console) -> None:
        self.settings = settings
        self.console = console

    def api(self) -> ControlApi:
        """Give a client of the control API; the caller closes it."""
        return ControlApi(self.settings, self.console.say)

    def speech(self) -> SpeechServer:
        """Give a client of the speech server; the caller closes it."""
        return SpeechServer(self.settings.speech_target, self.settings.timeout_s)


def session_of(context: typer.Context) -> Session:
    """Give the session of the run that a command belongs to."""
    found = context.find_root().obj
    assert isinstance(found, Session)
    return found


def _wants_json(context: typer.Context, value: bool) -> bool:
    if value:
        session_of(context).console.json = True
    return value


JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        callback=_wants_json,
        is_eager=True,
        help="Show the result, and an error, as JSON.",
    ),
]
"""Every command has it; its callback tells the console, so the command need not look at it."""
