"""Who did what: a bounded Redis stream, from the newest entry back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from pydantic import BaseModel, Field

from control_api.store.redis import RedisStore

_STREAM = "trinity:audit"


class AuditEntry(BaseModel):
    """One operation that changed something, or was refused."""

    id: str = Field(description="Id of the entry.")
    at: datetime = Field(description="When it was done.")
    key_id: str = Field(description="Id of the API key; anonymous or unknown without one.")
    operation: str = Field(description="The operation, as in the OpenAPI document.")
    path: str = Field(description="What it was done to.")
    status: int = Field(description="HTTP status of the response.")
    request_id: str = Field(description="As in the server's log.")


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A part of the log; `next` is where to go on, None at the end."""

    entries: Sequence[AuditEntry]
    next: str | None


class AuditLog:
    """The audit log of a store."""

    def __init__(self, store: RedisStore, max_entries: int) -> None:
        self._store = store
        self._max_entries = max_entries

    async def append(
        self, *, key_id: str, operation: str, path: str, status: int, request_id: str
    ) -> None:
        """Adds an entry."""
        with self._store.errors():
            await self._store.client.xadd(
                _STREAM,
                {
                    "key_id": key_id,
                    "operation": operation,
                    "path": path,
                    "status": str(status),
                    "request_id": request_id,
                },
                maxlen=self._max_entries,
                approximate=True,
            )

    async def read(self, *, before: str | None, limit: int) -> AuditPage:
        """At most `limit` entries, the newest first."""
        if before is not None and not before.strip("0-"):
            return AuditPage([], None)  # Redis refuses an interval that ends before its first id
        newest = "+" if before is None else f"({before}"
        with self._store.errors():
            found = await self._store.client.xrevrange(_STREAM, max=newest, count=limit + 1)
        rows = cast("list[tuple[str, dict[str, str]]]", found)
        page = [_entry(entry_id, fields) for entry_id, fields in rows[:limit]]
        return AuditPage(page, page[-1].id if len(rows) > limit else None)

    async def trim_before(self, unix_s: float) -> int:
        """Deletes entries that are older; returns how many."""
        with self._store.errors():
            return int(
                await self._store.client.xtrim(
                    _STREAM, minid=f"{int(unix_s * 1000)}", approximate=False
                )
            )


def _entry(entry_id: str, fields: dict[str, str]) -> AuditEntry:
    at = datetime.fromtimestamp(int(entry_id.split("-")[0]) / 1000, UTC)
    return AuditEntry.model_validate({"id": entry_id, "at": at, **fields})
