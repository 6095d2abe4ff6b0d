"""``trinity transcribe``: sound to text, of a file or of the microphone."""

import contextlib
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from trinity_cli.errors import BadRequest
from trinity_cli.session import JsonOption, Session, session_of
from trinity_cli.speech import Recorder, Recording, Utterance


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def transcribe(
        context: typer.Context,
        file: Annotated[
            Path | None, typer.Argument(metavar="FILE", help="WAV, FLAC, OGG or MP3.")
        ] = None,
        microphone: Annotated[
            bool, typer.Option("--microphone", "-m", help="Listen to the microphone; Ctrl-C ends.")
        ] = False,
        language: Annotated[
            str, typer.Option(help="ISO 639-1 code, such as en; none: it is found out.")
        ] = "",
        model: Annotated[str, typer.Option(help="A model of `trinity models`.")] = "",
        words: Annotated[
            bool, typer.Option("--words", help="The times of words, in the JSON.")
        ] = False,
        times: Annotated[bool, typer.Option("--times", help="A time before each line.")] = False,
        json: JsonOption = False,
    ) -> None:
        """Write down what is said in a file, or to the microphone."""
        session = session_of(context)
        if bool(file) == microphone:
            raise BadRequest("Name a file, or --microphone; not both.")
        options = {"language": language, "model": model, "words": words}
        began = time.monotonic()
        if file:
            recording = Recording(file)
            told = {"file": str(file), "audio_ms": round(recording.duration_s * 1000)}
            pieces, rate_hz = recording.pieces(), recording.rate_hz
            found = _run(session, pieces, rate_hz, options, recording.duration_s, times)
        else:
            told = {"file": None}
            with Recorder() as recorder, _stopping(recorder):
                session.console.say("Listening; Ctrl-C ends.")
                found = _run(session, recorder.pieces(), recorder.rate_hz, options, None, times)
        text = " ".join(each.text for each in found)
        told |= {
            "text": text,
            "utterances": [each.as_json() for each in found],
            "took_ms": round((time.monotonic() - began) * 1000),
        }
        if session.console.json:
            session.console.result(told, "")
        elif not found:
            session.console.say("No speech was heard.")


def _run(
    session: Session,
    pieces: Iterable[bytes],
    rate_hz: int,
    options: dict[str, object],
    duration_s: float | None,
    times: bool,
) -> list[Utterance]:
    """Recognise; show what passes where somebody watches, and finals as they come."""
    console = session.console
    found = []
    with session.speech() as server:
        said = server.transcribe(pieces, rate_hz, interims=console.live, **options)  # type: ignore[arg-type]
        for each in said:
            if not each.is_final:
                console.update(f"{_progress(each, duration_s)}{each.text}")
                continue
            if not each.text:
                continue
            found.append(each)
            if not console.json:
                console.result(None, f"{_clock(each.start_ms)} {each.text}" if times else each.text)
            console.update(_progress(each, duration_s))
    return found


def _progress(utterance: Utterance, duration_s: float | None) -> str:
    if duration_s is None:
        return "… "
    done = min(1.0, utterance.processed_ms / 1000 / duration_s) if duration_s else 1.0
    return f"{done:4.0%} of {_clock(round(duration_s * 1000))} … "


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes:02}:{rest // 1000:02}"


@contextlib.contextmanager
def _stopping(recorder: Recorder) -> Iterator[None]:
    """Let the first Ctrl-C end the recording, so that the last words still come."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        recorder.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
