"""The life of a server process: start, warm up, serve, drain, stop.

The order of a stop: health NOT_SERVING; wait until balancers have seen it; refuse new streams;
tell open streams; wait for our own count of them to reach 0 or for the limit; stop gRPC; close
the services. A second signal skips every wait.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Iterator

from speech_server.server import SpeechServer
from speech_server.settings import Settings
from speech_server.telemetry import get_logger

log = get_logger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
LAST_WORDS_S = 5.0
"""Time that gRPC gives handlers which are still there when the drain limit is reached."""


class Stop:
    """What the process was told: nothing, to stop when it may, or to stop now."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()

    def ask(self) -> None:
        """Ask to stop; asked again, stop now."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listen to SIGTERM and SIGINT for the length of the block."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.ask)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)


async def serve(server: SpeechServer, settings: Settings, stop: Stop) -> None:
    """Run a server until it is told to stop.

    Raises:
        StartupError: The server cannot run as it is set up.
    """
    await server.start()
    try:
        warming = asyncio.create_task(server.warm_up(), name="warm-up")
        await _first(warming, stop.asked.wait())
        if warming.done():
            warming.result()
            await stop.asked.wait()
            await drain(server, settings, stop)
        else:
            # Loading a model cannot be interrupted in its thread; nothing is open yet.
            warming.cancel()
            await asyncio.wait([warming])
    finally:
        await server.stop(0 if stop.now.is_set() else LAST_WORDS_S)


async def drain(server: SpeechServer, settings: Settings, stop: Stop) -> None:
    """Let open streams end, and take no new ones."""
    began = time.monotonic()
    log.info("draining", streams=server.streams_active)
    await server.leave_health()
    if server.streams_active:
        await _first(stop.now.wait(), asyncio.sleep(settings.drain_probe_seconds))
    server.refuse_streams()
    server.announce_drain(int(settings.drain_seconds * 1000))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.drain_seconds):
            await _first(stop.now.wait(), server.wait_streams())
    log.info("drained", streams=server.streams_active, seconds=time.monotonic() - began)


async def _first(*waits: Awaitable[object]) -> None:
    """Wait for the first of several; cancel coroutines that are left, but no task of others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    own = [task for task, wait in zip(tasks, waits, strict=True) if task is not wait]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)
