"""What waits for the client of one stream to take it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from speech_server.errors import SlowReader
from speech_server.stt.results import Message

Send = Callable[[Message], Awaitable[None]]

LONGEST: Final = 256
"""Messages that may wait."""


class Outbox:
    """Messages to the client, in order and bounded.

    Args:
        send: Takes one message to the client; it brings its own deadline.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(LONGEST)

    def put(self, message: Message) -> None:
        """Add a message.

        Raises:
            SlowReader: Too many wait.
        """
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            raise SlowReader(f"{LONGEST} results wait for the client") from None

    async def run(self) -> None:
        """Send until it is closed."""
        while (message := await self._queue.get()) is not None:
            await self._send(message)

    async def close(self) -> None:
        """Let `run` end after what waits."""
        await self._queue.put(None)
