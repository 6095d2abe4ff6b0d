"""One line of the transcript, as docs/interfaces.md defines it."""

import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

MAX_BYTES = 15 * 1024
"""Largest message that LiveKit carries reliably, with room to spare."""

Speaker = Literal["user", "agent"]


class Latency(BaseModel):
    """Stages of one turn, in milliseconds, where known."""

    model_config = ConfigDict(frozen=True)

    end_of_turn_ms: int | None = None
    transcription_ms: int | None = None
    llm_first_token_ms: int | None = None
    tts_first_audio_ms: int | None = None
    end_to_end_ms: int | None = None


class TranscriptMessage(BaseModel):
    """What one speaker said, or is saying."""

    model_config = ConfigDict(frozen=True)

    type: Literal["transcript"] = "transcript"
    speaker: Speaker
    text: str
    timestamp: str
    room: str
    participant: str
    turn_id: str
    sequence: int
    final: bool
    language: str | None = None
    interrupted: bool = False
    latency: Latency | None = None

    def to_json(self) -> bytes:
        """Write the message, its text shortened where it would be too large to send."""
        data = self._dump(self.text)
        text = self.text
        while len(data) > MAX_BYTES:
            text = text[: max(0, int(len(text) * MAX_BYTES / len(data)) - 16)]
            data = self._dump(text + "…")
        return data

    def _dump(self, text: str) -> bytes:
        values = {**self.model_dump(exclude_none=True), "text": text}
        values.setdefault("latency", None)
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def time_stamp(unix_s: float) -> str:
    """Write a Unix time as RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
