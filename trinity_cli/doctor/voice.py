"""The speech server, asked for real: it speaks a word, and recognises it."""

from collections.abc import Iterator

from trinity_cli.doctor.finding import Finding, fault, ok, skipped, warning
from trinity_cli.errors import CliError
from trinity_cli.speech import SpeechServer

_TEXT = "Good morning, how are you?"
_PIECE = 3200


def speech(server: SpeechServer) -> Iterator[Finding]:
    """Whether it has voices and models, has room, speaks and hears."""
    try:
        models, voices, stats = server.models(), server.voices(), server.stats()
    except CliError as error:
        yield fault("speech", error.message, error.remedy)
        yield skipped("speaking", "the speech server is away")
        yield skipped("hearing", "the speech server is away")
        return
    names = (
        f"{models[0].name} ({models[0].device}) and {voices[0].name}" if models and voices else ""
    )
    if not names:
        yield fault("speech", "it has no model or no voice", "SPEECH_STT_MODEL, SPEECH_TTS_VOICES")
    elif stats.draining:
        yield warning("speech", "it is about to stop, and takes nobody", "Wait, or start it again")
    elif _full(stats.speech_to_text) or _full(stats.text_to_speech):
        yield warning("speech", "it is full, and refuses calls", "More servers, or a faster one")
    else:
        yield ok("speech", f"has {names}")
    yield from _echo(server)


def _echo(server: SpeechServer) -> Iterator[Finding]:
    try:
        sound = list(server.synthesize([_TEXT]))
    except CliError as error:
        yield fault("speaking", error.message, error.remedy or "Its log says more")
        yield skipped("hearing", "there is nothing to hear")
        return
    content = b"".join(each.content for each in sound)
    if not content:
        yield fault("speaking", "a sentence gave no sound", "Look at the voice: `trinity voices`")
        yield skipped("hearing", "there is nothing to hear")
        return
    rate_hz = sound[0].rate_hz
    yield ok("speaking", f"said {len(content) / 2 / rate_hz:.1f} s in the voice {sound[0].voice}")
    pieces = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)]
    try:
        said = server.transcribe([*pieces, bytes(2 * rate_hz)], rate_hz, language="en")
        text = " ".join(each.text for each in said if each.is_final and each.text)
    except CliError as error:
        yield fault("hearing", error.message, error.remedy or "Its log says more")
        return
    if text:
        yield ok("hearing", f"understood “{text}”")
    else:
        yield fault(
            "hearing", "it did not hear its own voice", "Look at the model: `trinity models`"
        )


def _full(stats: object) -> bool:
    active, capacity = getattr(stats, "streams_active", 0), getattr(stats, "streams_capacity", 0)
    return bool(capacity) and active >= capacity
