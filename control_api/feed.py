"""Live events for many listeners: one reader a process, handed on in memory."""

import asyncio
from collections.abc import AsyncGenerator

import structlog

from control_api.errors import NeighbourError
from control_api.store import Event, EventLog

_log = structlog.stdlib.get_logger("control_api.feed")
_Item = tuple[str, Event]
# A listener that is further behind is cut off; it comes back with Last-Event-ID.
_QUEUE = 1000
_PAGE = 500
_RETRY_S = 1.0


class Feed:
    """Hands events on; `run` has to run as a task."""

    def __init__(self, log: EventLog, wait_s: float) -> None:
        self._events = log
        self._wait_s = wait_s
        self._listeners: set[asyncio.Queue[_Item | None]] = set()

    async def run(self) -> None:
        """Reads for ever; when Redis is away, tries again every second."""
        after: str | None = None
        while True:
            try:
                if after is None:
                    after = await self._events.last_id()
                for item in await self._events.wait(after, self._wait_s):
                    after = item[0]
                    self._hand_on(item)
            except NeighbourError as error:
                _log.warning("cannot read events", reason=type(error).__name__)
                await asyncio.sleep(_RETRY_S)

    async def listen(self, after: str | None) -> AsyncGenerator[_Item]:
        """Events behind the one with the id `after` (None: from now on), as they come.

        It ends when the listener is too slow.
        """
        queue: asyncio.Queue[_Item | None] = asyncio.Queue(_QUEUE)
        self._listeners.add(queue)
        try:
            # Registered first: what comes while we catch up is in the queue, and seen twice.
            last = _order(after or await self._events.last_id())
            while after is not None:
                page = await self._events.read(after, _PAGE)
                for item in page:
                    after, last = item[0], _order(item[0])
                    yield item
                if len(page) < _PAGE:
                    break
            while (live := await queue.get()) is not None:
                if _order(live[0]) > last:
                    last = _order(live[0])
                    yield live
        finally:
            self._listeners.discard(queue)

    def _hand_on(self, item: _Item) -> None:
        for queue in tuple(self._listeners):
            if queue.qsize() >= _QUEUE - 1:
                self._listeners.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(item)


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, counter = event_id.partition("-")
    return int(milliseconds), int(counter)
