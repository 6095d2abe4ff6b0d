"""Tasks that run as long as the application does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

_log = structlog.stdlib.get_logger("control_api.task")
_AGAIN_S = 1.0
_STOP_AGAIN_S = 0.2
_STOP_TRIES = 25


def keep(name: str, run: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
    """Starts a task that begins again when `run` fails; its owner cancels it."""

    async def forever() -> None:
        while True:
            try:
                await run()
            except Exception:
                _log.exception("task failed", task=name)
            await asyncio.sleep(_AGAIN_S)

    return asyncio.create_task(forever(), name=name)


async def stop(tasks: "Iterable[asyncio.Task[None]]") -> None:
    """Cancels tasks until they have ended, for five seconds at most.

    Once is not enough: redis-py swallows a cancellation that comes in the moment of a reply (seen
    with 8.1 on Python 3.11), and the task goes on.
    """
    pending = set(tasks)
    for _ in range(_STOP_TRIES):
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_STOP_AGAIN_S)
        if not pending:
            return
    _log.error("tasks do not end", tasks=sorted(task.get_name() for task in pending))
