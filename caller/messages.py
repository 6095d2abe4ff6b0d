"""Transcript messages of the data topic `transcripts`, as the caller reads them."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

__all__ = ["TOPIC", "Latency", "TranscriptMessage", "parse_message"]

TOPIC = "transcripts"


class Latency(BaseModel):
    """Stages of one of the agent's turns in milliseconds; `end_of_turn_ms` holds transcription."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    end_of_turn_ms: float | None = None
    transcription_ms: float | None = None
    llm_first_token_ms: float | None = None
    tts_first_audio_ms: float | None = None
    end_to_end_ms: float | None = None


class TranscriptMessage(BaseModel):
    """One message: an interim, or the final words of a turn."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["transcript"]
    speaker: Literal["user", "agent"]
    text: str
    timestamp: AwareDatetime
    room: str
    participant: str
    turn_id: str
    sequence: int
    final: bool
    language: str | None = None
    interrupted: bool = False
    latency: Latency | None = None


def parse_message(data: bytes | str) -> TranscriptMessage | None:
    """Reads one message; None when it is not a transcript of the agreed form."""
    try:
        return TranscriptMessage.model_validate_json(data)
    except ValidationError:
        return None
