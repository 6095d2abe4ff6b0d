"""What waits to be sent on one stream, in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from trinity.speech.v1 import text_to_speech_service_pb2 as pb


@dataclass(frozen=True)
class Parcel:
    """A message, and what to do when it leaves: then it can be dropped no more."""

    message: pb.SynthesizeResponse
    on_leave: Callable[[], None] | None = None


class Outbox:
    """A queue from which a cancelled context's messages can be taken out again.

    It is bounded by what the scheduler makes for a client that does not read. For one reader, on
    the event loop.
    """

    def __init__(self) -> None:
        self._parcels: deque[Parcel] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def put(
        self, message: pb.SynthesizeResponse, on_leave: Callable[[], None] | None = None
    ) -> None:
        """Add a message."""
        self._parcels.append(Parcel(message, on_leave))
        self._changed.set()

    def drop(self, context_id: str) -> None:
        """Drop everything of a context but its format."""
        self._parcels = deque(
            parcel
            for parcel in self._parcels
            if parcel.message.context_id != context_id
            or parcel.message.WhichOneof("payload") == "audio_format"
        )

    def close(self) -> None:
        """Let the reader end when everything is sent."""
        self._closed = True
        self._changed.set()

    def abandon(self) -> None:
        """Drop everything and let the reader end."""
        self._parcels.clear()
        self.close()

    async def take(self) -> pb.SynthesizeResponse | None:
        """Wait for the next message; None when the box is closed and empty."""
        while not self._parcels:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        parcel = self._parcels.popleft()
        if parcel.on_leave is not None:
            parcel.on_leave()
        return parcel.message
