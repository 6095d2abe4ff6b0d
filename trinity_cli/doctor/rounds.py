"""Goes from part to part."""

from collections.abc import Iterator

from trinity_cli.control_api import ControlApi
from trinity_cli.doctor.finding import Finding
from trinity_cli.doctor.line import telephone_line
from trinity_cli.doctor.voice import speech
from trinity_cli.doctor.web import agent, api_parts, language_model
from trinity_cli.settings import CliSettings
from trinity_cli.speech import SpeechServer


def examine(api: ControlApi, server: SpeechServer, settings: CliSettings) -> Iterator[Finding]:
    """Check every part, one after the other.

    Args:
        api: The control API.
        server: The speech server.
        settings: Where the others are.
    """
    yield from api_parts(api, settings)
    yield from speech(server)
    yield language_model(settings)
    yield agent(settings)
    yield telephone_line(api, settings.sip_address)
