"""The log of events: one Redis stream, bounded, from which anybody can read on."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel, Field

from control_api.store.redis import RedisStore

_STREAM = "trinity:events"
_SEEN = "trinity:webhook:{id}"
# LiveKit gives an event up after half a minute; an operator may send one again by hand.
_SEEN_S = 86_400
ID_PATTERN = re.compile(r"\d{1,16}-\d{1,16}")


class Event(BaseModel):
    """Something that happened."""

    type: str = Field(description="What happened: `participant.joined`, …")
    at: datetime = Field(description="When, as far as we know.")
    room: str | None = Field(default=None, description="Name of the room.")
    room_sid: str | None = Field(default=None, description="LiveKit's id of the room's opening.")
    participant: dict[str, str] | None = Field(
        default=None, description="Who: `sid`, `identity` and `kind`."
    )
    call_id: str | None = Field(default=None, description="The call that it belongs to.")
    recording_id: str | None = Field(default=None, description="The recording that it belongs to.")
    ingress_id: str | None = Field(default=None, description="The ingress that it belongs to.")
    detail: str | None = Field(default=None, description="Why, where there is a reason.")
    repaired: bool = Field(
        default=False, description="LiveKit's own notice was lost; we found out by looking."
    )


class EventLog:
    """The events of a store."""

    def __init__(self, store: RedisStore, max_events: int) -> None:
        self._store = store
        self._max_events = max_events

    async def append(self, event: Event) -> str:
        """Adds an event; returns its id."""
        text = event.model_dump_json(exclude_none=True)
        with self._store.errors():
            added = await self._store.client.xadd(
                _STREAM, {"event": text}, maxlen=self._max_events, approximate=True
            )
        return str(added)

    async def read(self, after: str, limit: int) -> Sequence[tuple[str, Event]]:
        """At most `limit` events behind the one with the id `after`."""
        with self._store.errors():
            rows = await self._store.client.xrange(_STREAM, min=f"({after}", count=limit)
        return _parse(rows)

    async def last_id(self) -> str:
        """The id of the newest event; `0-0` when there is none."""
        with self._store.errors():
            rows = await self._store.client.xrevrange(_STREAM, count=1)
        return str(rows[0][0]) if rows else "0-0"

    async def wait(self, after: str, timeout_s: float) -> Sequence[tuple[str, Event]]:
        """Events behind `after`, as soon as there is one; none after `timeout_s`.

        `timeout_s` has to be below `CONTROL_REDIS_TIMEOUT_S`.
        """
        with self._store.errors():
            reply = await self._store.client.xread(
                {_STREAM: after}, count=500, block=max(1, int(timeout_s * 1000))
            )
        if not reply:
            return []
        streams = reply.values() if isinstance(reply, dict) else [rows for _, rows in reply]
        return _parse([row for rows in streams for row in _flat(rows)])

    async def trim_before(self, unix_s: float) -> int:
        """Deletes entries that are older; returns how many."""
        with self._store.errors():
            return int(
                await self._store.client.xtrim(
                    _STREAM, minid=f"{int(unix_s * 1000)}", approximate=False
                )
            )

    async def is_new(self, webhook_id: str) -> bool:
        """Whether a webhook was not seen before; marks it as seen."""
        with self._store.errors():
            return bool(
                await self._store.client.set(_SEEN.format(id=webhook_id), "1", nx=True, ex=_SEEN_S)
            )

    async def forget(self, webhook_id: str) -> None:
        """Takes the mark back, so that LiveKit's next attempt counts."""
        with self._store.errors():
            await self._store.client.delete(_SEEN.format(id=webhook_id))


def _flat(rows: Any) -> list[Any]:
    # With RESP3, redis-py wraps a stream's rows in one more list.
    return rows[0] if rows and isinstance(rows[0], list) else rows


def _parse(rows: Any) -> list[tuple[str, Event]]:
    return [
        (entry_id, Event.model_validate(json.loads(fields["event"])))
        for entry_id, fields in cast("list[tuple[str, dict[str, str]]]", rows)
    ]
