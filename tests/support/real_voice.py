"""The voice that the project has locked."""

from bench.tts.whole_graph import Reference, load
from speech_server.engines.piper import PiperVoice


def real_voice() -> tuple[PiperVoice, Reference]:
    """Load it and its whole graph."""
    loaded = load("en_US-joe-medium", threads=2)
    assert loaded is not None
    return loaded
