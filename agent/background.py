"""Work for the model while nobody waits for it, given up as soon as somebody does.

Ollama serves one request after another unless told otherwise, so a reply must never queue behind
this.
"""

import asyncio
from collections.abc import Coroutine


class BackgroundWork:
    """At most one piece of work at a time."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Some work is going on."""
        return self._task is not None and not self._task.done()

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Begin a piece of work in place of the one before."""
        self.stop()
        self._task = asyncio.create_task(work, name=name)

    def stop(self) -> None:
        """Give up what goes on; its connection is closed, which stops the model."""
        if self._task is not None:
            self._task.cancel()

    async def aclose(self) -> None:
        """Stop, and wait for the end."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
