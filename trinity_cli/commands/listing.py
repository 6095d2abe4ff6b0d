"""``trinity voices`` and ``trinity models``: what the speech server has."""

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from trinity_cli.console import joined, table
from trinity_cli.session import JsonOption, session_of


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def voices(
        context: typer.Context,
        language: Annotated[str, typer.Option(help="Only of this language: en, en-US.")] = "",
        json: JsonOption = False,
    ) -> None:
        """The voices of the speech server, for `trinity say --voice`."""
        session = session_of(context)
        with session.speech() as server:
            found = server.voices(language)
        rows = [
            (
                each.name,
                each.language_code,
                each.quality,
                f"{each.sample_rate_hertz} Hz",
                joined(list(each.speakers), ""),
                each.license,
                "default" if each.is_default else "",
            )
            for each in found
        ]
        headings = ("VOICE", "LANGUAGE", "QUALITY", "RATE", "SPEAKERS", "LICENCE", "")
        session.console.result(
            {"voices": [_plain(each) for each in found]}, table(headings, rows, "No voice.")
        )

    @app.command()
    def models(context: typer.Context, json: JsonOption = False) -> None:
        """The recognition models of the speech server, for `trinity transcribe --model`."""
        session = session_of(context)
        with session.speech() as server:
            found = server.models()
        rows = [
            (
                each.name,
                _languages(list(each.language_codes)),
                each.device,
                each.compute_type,
                each.license,
                "default" if each.is_default else "",
            )
            for each in found
        ]
        headings = ("MODEL", "LANGUAGES", "DEVICE", "COMPUTES", "LICENCE", "")
        session.console.result(
            {"models": [_plain(each) for each in found]}, table(headings, rows, "No model.")
        )


def _languages(codes: list[str]) -> str:
    return ", ".join(codes) if len(codes) <= 4 else f"{len(codes)} languages"


def _plain(message: Message) -> dict[str, object]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
