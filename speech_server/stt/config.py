"""How one stream is to be recognised; checked before a session sees it."""

from dataclasses import dataclass

from speech_server.audio.decoding import InputEncoding
from speech_server.engines.base import Phrase, Task
from speech_server.stt.endpointing import Endpointing


@dataclass(frozen=True)
class StreamConfig:
    """What a stream asked for.

    ``language``, ``context`` and ``endpointing`` may change in mid-stream, the rest is fixed.
    """

    encoding: InputEncoding
    rate_hz: int
    endpointing: Endpointing
    language: str | None = None
    """ISO 639-1 code; None detects it for each utterance."""
    task: Task = "transcribe"
    interim_results: bool = False
    events: bool = False
    words: bool = False
    """Find the words' times and confidence; the two below say which are sent."""
    word_times: bool = False
    word_confidence: bool = False
    context: tuple[int, ...] = ()
    """Tokens of the phrases to expect, which are put before the transcript."""
    phrases: tuple[Phrase, ...] = ()
    """Those to expect with a weight."""
