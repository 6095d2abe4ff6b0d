"""``trinity say``: text to sound, heard while it is made."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from trinity_cli.console import facts
from trinity_cli.errors import BadRequest, CliError
from trinity_cli.session import JsonOption, session_of
from trinity_cli.speech import Player, WavFile

_BYTES_A_SAMPLE = 2


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def say(
        context: typer.Context,
        text: Annotated[
            list[str] | None,
            typer.Argument(metavar="TEXT...", help="What to say; `-` or nothing: standard input."),
        ] = None,
        output: Annotated[
            Path | None,
            typer.Option("--output", "-o", help="WAV file to write, instead of the speaker."),
        ] = None,
        voice: Annotated[str, typer.Option(help="A voice of `trinity voices`.")] = "",
        rate: Annotated[
            float | None, typer.Option(min=0.25, max=4.0, help="Speed; 1 is the voice's own.")
        ] = None,
        json: JsonOption = False,
    ) -> None:
        """Speak a text: on the speaker while it is made, or into a WAV file."""
        session = session_of(context)
        began = time.monotonic()
        first_s: float | None = None
        size, rate_hz, speaks = 0, 0, ""
        sink = WavFile(output) if output else Player()
        with session.speech() as server, sink:
            for sound in server.synthesize(_texts(text), voice=voice, rate=rate):
                first_s = time.monotonic() - began if first_s is None else first_s
                rate_hz, speaks = sound.rate_hz, sound.voice
                size += len(sound.content)
                sink.play(sound.content, rate_hz)
                if output:
                    session.console.update(f"{size / _BYTES_A_SAMPLE / rate_hz:.1f} s of speech")
        if first_s is None:
            raise CliError("There was nothing in the text that can be spoken.")
        told = {
            "voice": speaks,
            "sample_rate_hz": rate_hz,
            "audio_ms": round(size / _BYTES_A_SAMPLE / rate_hz * 1000),
            "first_audio_ms": round(first_s * 1000),
            "file": str(output) if output else None,
        }
        session.console.result(told, facts({"file": told["file"]}) if output else "")


def _texts(given: list[str] | None) -> Iterable[str]:
    if given and given != ["-"]:
        return [" ".join(given)]
    if sys.stdin.isatty():
        raise BadRequest("What shall be said?", remedy='trinity say "Hello."')
    return _lines()


def _lines() -> Iterator[str]:
    """Pass standard input on line by line, so that speech begins before it ends."""
    yield from sys.stdin
