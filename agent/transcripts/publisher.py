"""Brings transcript messages to the room and to Redis without the call ever waiting for either.

Two tasks, each with a queue: one sends to the room and drops what a closed room does not take; one
writes finals to Redis and tries again, further and further apart, until Redis takes them.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from agent.errors import TranscriptStoreError
from agent.telemetry import metrics
from agent.transcripts.message import TranscriptMessage
from agent.transcripts.store import TranscriptStore

log = structlog.stdlib.get_logger(__name__)

TOPIC = "transcripts"
SEND_SECONDS = 5.0
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 5.0
BATCH = 100

Send = Callable[[bytes], Awaitable[None]]


class TranscriptPublisher:
    """The way of messages out of a call.

    Args:
        send: Sends one message to the room.
        store: Keeps finals; None keeps none.
        limit: Finals that are kept while Redis is away; the oldest goes first.
    """

    def __init__(self, send: Send, store: TranscriptStore | None, *, limit: int = 2000) -> None:
        self._send = send
        self._store = store
        self._outgoing: asyncio.Queue[TranscriptMessage] = asyncio.Queue(limit)
        self._unsaved: deque[TranscriptMessage] = deque()
        self._unfinished: TranscriptMessage | None = None
        self._limit = limit
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def unsaved(self) -> int:
        """Finals that Redis has not taken yet."""
        return len(self._unsaved)

    def start(self) -> None:
        """Begin; `aclose` ends it."""
        self._tasks = [asyncio.create_task(self._send_all(), name="transcripts to the room")]
        if self._store is not None:
            self._tasks.append(asyncio.create_task(self._save_all(), name="transcripts to Redis"))

    def publish(self, message: TranscriptMessage) -> None:
        """Take a message; returns at once."""
        if message.final and self._store is not None:
            if len(self._unsaved) >= self._limit:
                self._unsaved.popleft()
                metrics().transcripts.labels("lost").inc()
                log.error("A transcript message was lost: Redis is away too long")
            self._unsaved.append(message)
            self._wake.set()
        if message.speaker == "agent" and self._store is not None:
            self._unfinished = None if message.final else message
            self._wake.set()
        if self._outgoing.full():
            self._outgoing.get_nowait()
        self._outgoing.put_nowait(message)

    async def aclose(self, timeout: float = 5.0) -> None:
        """Save what is left, for no longer than a time in seconds, and stop."""
        deadline = asyncio.get_running_loop().time() + timeout
        while self._unsaved and asyncio.get_running_loop().time() < deadline:
            self._wake.set()
            await asyncio.sleep(0.02)
        if self._unsaved:
            metrics().transcripts.labels("lost").inc(len(self._unsaved))
            log.error("Transcript messages were lost: Redis is away", count=len(self._unsaved))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._store is not None:
            await self._store.aclose()

    async def _send_all(self) -> None:
        while True:
            message = await self._outgoing.get()
            try:
                await asyncio.wait_for(self._send(message.to_json()), SEND_SECONDS)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # The room is gone or reconnecting. Redis has the finals.
                log.info("A transcript message was not sent", error=type(error).__name__)

    async def _save_all(self) -> None:
        assert self._store is not None
        delay = FIRST_RETRY_SECONDS
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._unsaved:
                batch = list(self._unsaved)[:BATCH]
                try:
                    await self._store.append(batch)
                except TranscriptStoreError as error:
                    log.warning("Redis does not take transcripts", error=str(error), retry_s=delay)
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, LONGEST_RETRY_SECONDS)
                    continue
                delay = FIRST_RETRY_SECONDS
                metrics().transcripts.labels("saved").inc(len(batch))
                for message in batch:
                    if self._unsaved and self._unsaved[0] is message:
                        self._unsaved.popleft()
            unfinished, self._unfinished = self._unfinished, None
            if unfinished is not None:
                with contextlib.suppress(TranscriptStoreError):  # a newer one follows
                    await self._store.keep_unfinished(unfinished)
