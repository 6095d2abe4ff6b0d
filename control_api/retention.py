"""Deletes what is kept for too long, as the settings say; one process at a time does it."""

import asyncio
import time

import structlog

from control_api.errors import NeighbourError
from control_api.settings import Settings
from control_api.store import AuditLog, EventLog, RedisStore, Transcripts
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.retention")


class Retention:
    """Deletes old transcripts, events and audit entries; `watch` has to run as a task."""

    def __init__(
        self,
        store: RedisStore,
        transcripts: Transcripts,
        events: EventLog,
        audit: AuditLog,
        settings: Settings,
        telemetry: Telemetry,
    ) -> None:
        self._store = store
        self._transcripts = transcripts
        self._events = events
        self._audit = audit
        self._settings = settings
        self._telemetry = telemetry

    async def watch(self) -> None:
        """Tidies for ever."""
        while True:
            try:
                async with self._store.try_lock("retention", 60) as held:
                    if held:
                        await self.tidy()
            except NeighbourError as error:
                _log.warning("cannot tidy", reason=type(error).__name__)
            await asyncio.sleep(self._settings.retention_interval_s)

    async def tidy(self) -> None:
        """Deletes once what is too old by now."""
        now = time.time()
        removed = {"transcript": 0, "event": 0, "audit": 0}
        if keep_s := self._settings.transcripts_keep_s:
            while count := await self._transcripts.delete_before(now - keep_s):
                removed["transcript"] += count
        if keep_s := self._settings.events_keep_s:
            removed["event"] = await self._events.trim_before(now - keep_s)
        if keep_s := self._settings.audit_keep_s:
            removed["audit"] = await self._audit.trim_before(now - keep_s)
        for kind, count in removed.items():
            self._telemetry.expired.labels(kind).inc(count)
        if any(removed.values()):
            _log.info("deleted what was too old", **{f"{k}s": n for k, n in removed.items()})
