"""Sends the events on, each endpoint in order, at least once, with back-off.

An endpoint's next event waits until the one before it was taken: nothing is skipped while the
receiver is away, and it sees events in their order. Who is away for `CONTROL_WEBHOOK_GIVE_UP_S`,
or answers 410, is told nothing any more.
"""

import asyncio
import json
import random
import time
from dataclasses import replace

import structlog

from control_api.errors import NeighbourError
from control_api.relay.sender import Outcome, Sender
from control_api.store import Endpoint, Endpoints, Event, EventLog, Progress, RedisStore
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.relay")
_PAGE = 50
_BACKOFF_S = 2.0
_BACKOFF_MAX_S = 300.0
_GONE = 410
# One process at a time sends to an endpoint; a process that died holds it for this long.
_HOLD_S = 60.0
_WORK_S = 30.0


class Relay:
    """Sends events to the endpoints; `run` has to run as a task."""

    def __init__(
        self,
        store: RedisStore,
        endpoints: Endpoints,
        log: EventLog,
        sender: Sender,
        telemetry: Telemetry,
        *,
        wait_s: float,
        give_up_s: float,
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._events = log
        self._sender = sender
        self._telemetry = telemetry
        self._wait_s = wait_s
        self._give_up_s = give_up_s
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Sends for ever; when Redis is away, tries again every second."""
        try:
            after = None
            while True:
                try:
                    after = after or await self._events.last_id()
                    await self._begin()
                    if new := await self._events.wait(after, self._wait_s):
                        after = new[-1][0]
                except NeighbourError as error:
                    _log.warning("cannot relay events", reason=type(error).__name__)
                    await asyncio.sleep(1.0)
        finally:
            busy = tuple(self._busy.values())
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    async def probe(self, endpoint: Endpoint) -> Outcome:
        """Sends one message of the kind `webhook.test`, now, whatever the endpoint listens to."""
        now = time.time()
        body = {"type": "webhook.test", "timestamp": _rfc3339(now), "data": {}}
        message_id = f"test_{int(now * 1000)}"
        return await self._sender.send(
            endpoint.url, endpoint.secret, message_id, json.dumps(body).encode()
        )

    async def _begin(self) -> None:
        now = time.time()
        for endpoint, progress in await self._endpoints.all():
            if endpoint.id in self._busy or progress.disabled or progress.next_try_at > now:
                continue
            self._busy[endpoint.id] = asyncio.create_task(self._tell(endpoint), name="relay")

    async def _tell(self, endpoint: Endpoint) -> None:
        try:
            async with self._store.try_lock(f"endpoint:{endpoint.id}", _HOLD_S) as held:
                # What the one before us has done is in there by now.
                progress = await self._endpoints.progress(endpoint.id) if held else None
                if progress is not None:
                    await self._catch_up(endpoint, progress)
        except NeighbourError as error:
            _log.warning("cannot relay events", reason=type(error).__name__)
        finally:
            self._busy.pop(endpoint.id, None)

    async def _catch_up(self, endpoint: Endpoint, progress: Progress) -> None:
        until = time.monotonic() + _WORK_S
        while time.monotonic() < until:
            page = await self._events.read(progress.cursor, _PAGE)
            for event_id, event in page:
                if endpoint.wants(event.type):
                    progress = await self._send(endpoint, progress, event_id, event)
                    if progress.cursor != event_id:
                        return
                    if time.monotonic() >= until:
                        return
                else:
                    progress = replace(progress, cursor=event_id)
            if page:
                await self._endpoints.note(endpoint.id, progress)
            if len(page) < _PAGE:
                return

    async def _send(
        self, endpoint: Endpoint, progress: Progress, event_id: str, event: Event
    ) -> Progress:
        outcome = await self._sender.send(
            endpoint.url, endpoint.secret, f"evt_{event_id}", _body(event)
        )
        after = self._after(progress, event_id, outcome)
        result = "delivered" if outcome.delivered else (after.disabled or "failed")
        self._telemetry.relayed.labels(result).inc()
        if after.disabled:
            _log.warning("a webhook is disabled", endpoint_id=endpoint.id, reason=after.disabled)
        await self._endpoints.note(endpoint.id, after)
        return after

    def _after(self, progress: Progress, event_id: str, outcome: Outcome) -> Progress:
        if outcome.delivered:
            return Progress(event_id, last_status=outcome.status)
        now = time.time()
        since = progress.failing_since or now
        attempts = progress.attempts + 1
        # Full jitter upwards: receivers that come back are not met by all at once.
        backoff_s = min(_BACKOFF_S * 2 ** (attempts - 1), _BACKOFF_MAX_S) * random.uniform(0.5, 1.0)
        disabled = ""
        if outcome.status == _GONE:
            disabled = "gone"
        elif now - since >= self._give_up_s:
            disabled = "failing"
        return replace(
            progress,
            attempts=attempts,
            failing_since=since,
            next_try_at=now + max(backoff_s, outcome.retry_after_s),
            last_status=outcome.status,
            detail=outcome.detail,
            disabled=disabled,
        )


def _body(event: Event) -> bytes:
    data = event.model_dump(mode="json", exclude_none=True, exclude={"type", "at"})
    return json.dumps(
        {"type": event.type, "timestamp": _rfc3339(event.at.timestamp()), "data": data},
        ensure_ascii=False,
    ).encode()


def _rfc3339(unix_s: float) -> str:
    milliseconds = int(unix_s * 1000) % 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_s)) + f".{milliseconds:03}Z"
