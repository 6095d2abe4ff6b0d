"""Transcripts: one Redis stream a room, written by the agent, read here.

`docs/interfaces.md` has the format: stream `trinity:transcript:{room}`, one field `message`, JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import structlog
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from control_api.store.redis import RedisStore
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.transcripts")
_STREAM = "trinity:transcript:{room}"


class TranscriptMessage(BaseModel):
    """What one side said; fields that later versions add are passed on."""

    model_config = ConfigDict(extra="allow")

    type: Literal["transcript"] = Field(description="Always `transcript`.")
    speaker: Literal["user", "agent"] = Field(description="Which side spoke.")
    text: str = Field(description="The words; of the agent, those that were played.")
    timestamp: str = Field(description="When it was said: RFC 3339 in UTC, milliseconds.")
    room: str | None = Field(default=None, description="Name of the room.")
    participant: str | None = Field(default=None, description="Identity of who spoke.")
    turn_id: str | None = Field(default=None, description="The turn that this belongs to.")
    sequence: int | None = Field(
        default=None, description="Grows by one with each message of the room."
    )
    final: bool | None = Field(
        default=None, description="False for an interim; stored ones are final."
    )
    language: str | None = Field(default=None, description="ISO 639-1, where known.")
    interrupted: bool | None = Field(default=None, description="The agent was interrupted here.")
    latency: dict[str, JsonValue] | None = Field(
        default=None, description="Stages of the agent's turn in milliseconds, where known."
    )


@dataclass(frozen=True, slots=True)
class TranscriptPage:
    """A part of a transcript, in order.

    Attributes:
        messages: Those that could be read; what is not a transcript message is left out.
        next: Where to read on, or None at the end.
    """

    messages: Sequence[TranscriptMessage]
    next: str | None


class Transcripts:
    """Reads the transcripts of a store."""

    def __init__(self, store: RedisStore, telemetry: Telemetry) -> None:
        self._store = store
        self._telemetry = telemetry

    async def read(self, room: str, *, after: str | None, limit: int) -> TranscriptPage | None:
        """At most `limit` messages of a room, beginning behind `after`.

        Args:
            room: The room's name.
            after: `next` of an earlier page; None reads from the beginning.
            limit: The most messages to return.

        Returns:
            The page, or None when the room has no transcript.

        Raises:
            NeighbourError: Redis did not answer.
        """
        key = _STREAM.format(room=room)
        begin = "-" if after is None else f"({after}"
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.exists(key)
                # One more than asked for tells whether there is a next page.
                pipe.xrange(key, min=begin, count=limit + 1)
                exists, entries = await pipe.execute()
        if not exists:
            return None
        rows = cast("list[tuple[str, dict[str, Any]]]", entries)
        page = rows[:limit]
        messages = [message for row in page if (message := self._parse(row)) is not None]
        return TranscriptPage(messages, page[-1][0] if len(rows) > limit else None)

    def _parse(self, row: tuple[str, dict[str, Any]]) -> TranscriptMessage | None:
        entry_id, fields = row
        try:
            return TranscriptMessage.model_validate_json(fields.get("message", ""))
        except ValidationError:
            self._telemetry.transcripts_unreadable.inc()
            _log.warning("transcript entry is unreadable", entry_id=entry_id)
            return None
