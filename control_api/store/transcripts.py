"""Transcripts: one Redis stream a room, written by the agent; read, searched and deleted here.

`docs/interfaces.md` has the format: stream `trinity:transcript:{room}`, one field `message`, JSON,
and the index `trinity:transcripts`, room names by the Unix time of their last message.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

import structlog
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from control_api.store.redis import RedisStore
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.transcripts")
_STREAM = "trinity:transcript:{room}"
_INDEX = "trinity:transcripts"
# A search reads each of these from its first word to its last.
_SEARCH_MESSAGES = 2000


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


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """A transcript, as a list has it.

    Attributes:
        room: Name of the room.
        updated_at: When its last message came.
        message_count: How many it has.
        matches: Messages that hold the words of a search, a few at most.
    """

    room: str
    updated_at: datetime
    message_count: int
    matches: Sequence[TranscriptMessage] = ()


@dataclass(frozen=True, slots=True)
class TranscriptIndex:
    """A part of the list, the newest first; `next` is where to go on, None at the end."""

    entries: Sequence[TranscriptEntry]
    next: float | None


class Transcripts:
    """The transcripts of a store."""

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

    async def list(self, *, before: float | None, limit: int) -> TranscriptIndex:
        """At most `limit` transcripts, those with the newest words first.

        Args:
            before: `next` of an earlier page; None begins with the newest.
            limit: The most to return. A page may have fewer: what has run out is left out.
        """
        with self._store.errors():
            found = await self._store.client.zrevrangebyscore(
                _INDEX,
                "+inf" if before is None else f"({before!r}",
                "-inf",
                start=0,
                num=limit + 1,
                withscores=True,
            )
        rows = cast("list[tuple[str, float]]", found)
        page = [(str(room), float(at)) for room, at in rows[:limit]]
        entries, gone = [], []
        if page:
            with self._store.errors():
                async with self._store.client.pipeline(transaction=False) as pipe:
                    for room, _ in page:
                        pipe.xlen(_STREAM.format(room=room))
                    lengths = await pipe.execute()
            for (room, at), length in zip(page, lengths, strict=True):
                if length:
                    entries.append(TranscriptEntry(room, datetime.fromtimestamp(at, UTC), length))
                else:
                    gone.append(room)
        if gone:
            with self._store.errors():
                await self._store.client.zrem(_INDEX, *gone)
        return TranscriptIndex(entries, page[-1][1] if len(rows) > limit else None)

    async def search(
        self, words: Sequence[str], *, before: float | None, limit: int, matches: int = 3
    ) -> TranscriptIndex:
        """Of at most `limit` transcripts those in which one message has all the words.

        A page may be empty though a later one is not; `next` says whether there is one. Case does
        not matter. Of each transcript the first two thousand messages are read.
        """
        index = await self.list(before=before, limit=limit)
        wanted = [word.casefold() for word in words]
        found = []
        for entry in index.entries:
            page = await self.read(entry.room, after=None, limit=_SEARCH_MESSAGES)
            hits = [
                message
                for message in (page.messages if page is not None else ())
                if all(word in message.text.casefold() for word in wanted)
            ]
            if hits:
                found.append(replace(entry, matches=hits[:matches]))
        return TranscriptIndex(found, index.next)

    async def delete(self, room: str) -> bool:
        """Deletes a room's transcript; False when there was none."""
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.delete(_STREAM.format(room=room))
                pipe.zrem(_INDEX, room)
                removed, _ = await pipe.execute()
        return bool(removed)

    async def delete_before(self, unix_s: float, *, at_most: int = 500) -> int:
        """Deletes transcripts whose last message is older; returns how many."""
        with self._store.errors():
            rooms = cast(
                "list[str]",
                await self._store.client.zrangebyscore(
                    _INDEX, "-inf", f"({unix_s!r}", start=0, num=at_most
                ),
            )
        for room in rooms:
            await self.delete(room)
        return len(rooms)

    def _parse(self, row: tuple[str, dict[str, Any]]) -> TranscriptMessage | None:
        entry_id, fields = row
        try:
            return TranscriptMessage.model_validate_json(fields.get("message", ""))
        except ValidationError:
            self._telemetry.transcripts_unreadable.inc()
            _log.warning("transcript entry is unreadable", entry_id=entry_id)
            return None
