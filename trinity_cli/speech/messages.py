"""What the speech server says, as commands use it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from trinity.speech.v1 import speech_to_text_service_pb2 as stt


@dataclass(frozen=True)
class Sound:
    """A piece of speech: signed 16-bit mono samples, and when the listener gets them."""

    content: bytes
    rate_hz: int
    voice: str


@dataclass(frozen=True)
class Utterance:
    """What was recognised of one utterance so far; times in milliseconds of the recording."""

    text: str
    is_final: bool
    start_ms: int
    end_ms: int
    processed_ms: int
    """How much of the recording was looked at."""
    language: str = ""
    confidence: float | None = None
    words: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, result: stt.StreamingRecognitionResult) -> "Utterance":
        """Take it from a message."""
        return cls(
            text=result.transcript.strip(),
            is_final=result.is_final,
            start_ms=result.start_ms,
            end_ms=result.end_ms,
            processed_ms=result.audio_processed_ms,
            language=result.language_code,
            confidence=round(result.confidence, 3) if result.confidence else None,
            words=[
                {"word": word.word.strip(), "start_ms": word.start_ms, "end_ms": word.end_ms}
                for word in result.words
            ],
        )

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        told = asdict(self)
        del told["is_final"], told["processed_ms"]
        if not self.words:
            del told["words"]
        return told
