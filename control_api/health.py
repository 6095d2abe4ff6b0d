"""Whether the parts behind us do their work, asked in parallel and with a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog
from pydantic import BaseModel, Field

from control_api.errors import NeighbourError
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.health")
Check = Callable[[], Awaitable[None]]
# Health is asked without a key: however often it is, the parts are asked once in this time.
_FRESH_S = 1.0


class PartHealth(BaseModel):
    """One part."""

    status: Literal["ok", "unavailable"] = Field(description="Whether it does its work.")
    latency_ms: float = Field(description="Milliseconds until it answered, or until we gave up.")
    detail: str | None = Field(default=None, description="Why it is not ok.")


class Health(BaseModel):
    """All parts."""

    status: Literal["ok", "degraded"] = Field(description="`ok` when every part is.")
    parts: dict[str, PartHealth] = Field(description="livekit, redis and speech_server.")


class HealthMonitor:
    """Checks the parts when asked, and from time to time on its own.

    `watch` has to run as a task; it logs what we wait for, and when it is there.
    """

    def __init__(
        self, checks: Mapping[str, Check], *, timeout_s: float, telemetry: Telemetry
    ) -> None:
        self._checks = checks
        self._timeout_s = timeout_s
        self._telemetry = telemetry
        self._lock = asyncio.Lock()
        self._last: Health | None = None
        self._last_at = 0.0
        self._known: dict[str, str] = {}

    async def check(self) -> Health:
        """The health of all parts, at most a second old."""
        async with self._lock:
            if self._last is not None and time.monotonic() - self._last_at < _FRESH_S:
                return self._last
            async with asyncio.TaskGroup() as group:
                tasks = {
                    name: group.create_task(self._check_part(name, check))
                    for name, check in self._checks.items()
                }
            parts = {name: task.result() for name, task in tasks.items()}
            ok = all(part.status == "ok" for part in parts.values())
            self._last = Health(status="ok" if ok else "degraded", parts=parts)
            self._last_at = time.monotonic()
            self._tell(parts)
            return self._last

    async def watch(self, interval_s: float) -> None:
        """Checks for ever: every second while a part is missing, else every `interval_s`."""
        while True:
            health = await self.check()
            await asyncio.sleep(interval_s if health.status == "ok" else min(1.0, interval_s))

    async def _check_part(self, name: str, check: Check) -> PartHealth:
        begun = time.monotonic()
        detail = None
        try:
            async with asyncio.timeout(self._timeout_s):
                await check()
        except TimeoutError:
            detail = f"No answer within {self._timeout_s:g} s."
        except NeighbourError as error:
            detail = str(error)
        taken_s = time.monotonic() - begun
        self._telemetry.part_up.labels(name).set(detail is None)
        self._telemetry.part_check.labels(name).observe(taken_s)
        return PartHealth(
            status="ok" if detail is None else "unavailable",
            latency_ms=round(taken_s * 1000, 1),
            detail=detail,
        )

    def _tell(self, parts: Mapping[str, PartHealth]) -> None:
        for name, part in parts.items():
            if self._known.get(name) == part.status:
                continue
            self._known[name] = part.status
            if part.status == "ok":
                _log.info("part is there", part=name, latency_ms=part.latency_ms)
            else:
                _log.warning("waiting for part", part=name, detail=part.detail)
