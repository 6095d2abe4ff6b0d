"""Who may open a stream: readiness, capacity and draining of one kind of stream."""

import asyncio
import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NoReturn

from speech_server.errors import ServerDraining, ServerFull, ServerNotReady
from speech_server.telemetry import Metrics

Kind = Literal["stt", "tts"]


class Phase(enum.Enum):
    """Whether streams are taken."""

    WARMING = "warming"
    OPEN = "open"
    DRAINING = "draining"


class Places:
    """The places for streams of one kind, counted here and not by gRPC.

    ``Server.stop`` does not wait for handlers that ended by an abort (grpc #37239), so whoever
    drains waits for `wait_empty`. Used on the event loop only.

    Args:
        kind: What the streams do.
        capacity: Streams that may be open at once.
        retry_delay_s: When a refused client should try again.
        metrics: Where to count.
    """

    def __init__(
        self, kind: Kind, *, capacity: int, retry_delay_s: float, metrics: Metrics
    ) -> None:
        self.kind = kind
        self.capacity = capacity
        self.active = 0
        self.total = 0
        self.refused = 0
        self.phase = Phase.WARMING
        self._retry_delay_s = retry_delay_s
        self._metrics = metrics
        self._empty = asyncio.Event()
        self._empty.set()
        metrics.streams_capacity.labels(kind).set(capacity)
        metrics.streams_active.labels(kind).set(0)

    def open(self) -> None:
        """Take streams from now on."""
        if self.phase is Phase.WARMING:
            self.phase = Phase.OPEN

    def drain(self) -> None:
        """Refuse new streams from now on, for good."""
        self.phase = Phase.DRAINING

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place for the length of the block.

        Raises:
            ServerNotReady: The models are not warm.
            ServerDraining: The server is about to stop.
            ServerFull: All places are taken.
        """
        self._admit()
        self.active += 1
        self.total += 1
        self._empty.clear()
        gauge = self._metrics.streams_active.labels(self.kind)
        gauge.set(self.active)
        try:
            yield
        finally:
            self.active -= 1
            gauge.set(self.active)
            if not self.active:
                self._empty.set()

    def refuse_overload(self) -> NoReturn:
        """Refuse a stream that has a place, but for which the device has no headroom.

        Raises:
            ServerFull: Always.
        """
        self._refuse("overload")
        raise ServerFull("the device is busy with open streams", retry_delay_s=self._retry_delay_s)

    async def wait_empty(self) -> None:
        """Wait until no stream is open; the caller sets the deadline."""
        await self._empty.wait()

    def _admit(self) -> None:
        delay = self._retry_delay_s
        if self.phase is Phase.WARMING:
            self._refuse("not_ready")
            raise ServerNotReady("the models are not loaded yet", retry_delay_s=delay)
        if self.phase is Phase.DRAINING:
            self._refuse("draining")
            raise ServerDraining("the server is about to stop", retry_delay_s=delay)
        if self.active >= self.capacity:
            self._refuse("capacity")
            raise ServerFull(
                f"all {self.capacity} streams of this server are taken", retry_delay_s=delay
            )

    def _refuse(self, reason: str) -> None:
        self.refused += 1
        self._metrics.rejections.labels(self.kind, reason).inc()
