"""The worker: registers with LiveKit and gives each call a process."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from livekit.agents import AgentServer, JobContext
from livekit.agents.ipc.job_executor import JobExecutor, JobStatus

from agent.call import prepare_process, take_call
from agent.errors import TranscriptStoreError
from agent.restarts import CallRestarts
from agent.settings import Settings
from agent.telemetry import show_all
from agent.telemetry.exposition import MetricsServer
from agent.transcripts.store import finish_unfinished

log = structlog.stdlib.get_logger(__name__)

CLOSE_SECONDS = 15.0
MEMORY_WARNING_MB = 1500
FINISH_SECONDS = 10.0
BUSY_BELOW_TARGET = 0.1
QUEUE_BELOW_TARGET = 0.01
"""How far below LiveKit's target the load is with all but the last place taken, at least, and while
the queue is used: LiveKit sends no call to workers that are all at its target."""
TURNED_AWAY = 2
"""Calls at once, besides, that are told that the queue is full."""

TakeCall = Callable[[JobContext], Awaitable[None]]


class Worker(AgentServer):
    """livekit-agents' server, which counts a call that is about to begin as one call.

    Its own estimate for an idle worker is the whole load: of two callers who come at the same
    moment the second was refused, and LiveKit does not ask again. Calls whose process died are
    restarted.
    """

    _restarts = CallRestarts()

    most = 1
    """Calls at once, those in the queue included."""

    def _get_effective_load(self) -> float:
        return (len(self.active_jobs) + self._reserved_slots) / self.most

    async def _update_job_status(self, proc: JobExecutor) -> None:
        await super()._update_job_status(proc)
        running = proc.running_job
        if running is None or proc.status is not JobStatus.FAILED or self._draining:
            return
        if self._api is not None:
            identity = running.accept_arguments.identity
            await self._restarts.restart(self._api, running.job, identity)


def build_server(settings: Settings, holds_call: TakeCall = take_call) -> AgentServer:
    """Build livekit-agents' server.

    The load is the number of calls: by the whole machine's processors, which is what it would
    take, a worker beside a busy speech server refuses every call. Of several workers LiveKit
    draws one by what is left of its load up to 1, so a queue is all but never taken where another
    worker has places, if LiveKit's target is near 1.

    Args:
        settings: The agent's.
        holds_call: Holds a call in its process; a function of an importable module.
    """
    places, target = settings.calls_at_once, settings.livekit_target_load
    most = places + (settings.queue_calls + TURNED_AWAY if settings.queue_calls else 0)

    def load(server: AgentServer) -> float:
        calls = len(server.active_jobs)
        if calls >= most:
            return 1.0
        if calls >= places:
            return target - QUEUE_BELOW_TARGET
        return (target - BUSY_BELOW_TARGET) * calls / places

    server = Worker(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        host=settings.host,
        port=settings.health_port,
        load_fnc=load,
        load_threshold=1.0,
        num_idle_processes=settings.idle_processes,
        drain_timeout=int(settings.drain_seconds),
        max_retry=1_000_000,  # LiveKit may start later, or be away for a while
        initialize_process_timeout=60.0,
        job_memory_warn_mb=MEMORY_WARNING_MB,
        setup_fnc=prepare_process,
        http_proxy=None,
    )
    server.most = most
    server.rtc_session(holds_call, agent_name=settings.name)
    return server


async def run_worker(settings: Settings, holds_call: TakeCall = take_call) -> None:
    """Run until SIGTERM or SIGINT; calls that go on are let finish, a second signal ends them."""
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    server = build_server(settings, holds_call)
    registered = asyncio.Event()
    server.on("worker_registered", lambda *_: registered.set())
    server.on("worker_started", lambda *_: show_all())
    exposition = MetricsServer(folder, registered.is_set)
    await exposition.start(settings.host, settings.metrics_port)
    stop = asyncio.Event()
    now = asyncio.Event()

    def on_signal() -> None:
        (now if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    log.info("Agent starting", agent=settings.name, metrics_port=exposition.port)
    running = asyncio.create_task(server.run(), name="worker")
    stopping = asyncio.create_task(stop.wait())
    waiting = asyncio.create_task(_tell_waiting(registered))
    finishing = asyncio.create_task(_finish_transcripts(settings))
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
            return
        log.info("Agent draining", calls=len(server.active_jobs))
        registered.clear()  # not ready any more
        hurry = asyncio.create_task(now.wait())
        drain = asyncio.create_task(server.drain())
        await asyncio.wait((drain, hurry), return_when=asyncio.FIRST_COMPLETED)
        for task in (hurry, drain):
            task.cancel()
        await asyncio.gather(hurry, drain, return_exceptions=True)
        await asyncio.wait_for(server.aclose(), CLOSE_SECONDS)
        await running
    finally:
        for task in (stopping, waiting, finishing, running):
            task.cancel()
        await asyncio.gather(stopping, waiting, finishing, running, return_exceptions=True)
        await exposition.aclose()
        log.info("Agent stopped")


async def _finish_transcripts(settings: Settings) -> None:
    """Write down what calls were saying whose processes died, here or elsewhere."""
    while settings.transcripts:
        try:
            if count := await finish_unfinished(settings.redis_url.get_secret_value()):
                log.warning("Replies of dead calls were written down", count=count)
        except TranscriptStoreError as error:
            log.info("Redis is away", error=str(error))
        await asyncio.sleep(FINISH_SECONDS)


async def _tell_waiting(registered: asyncio.Event) -> None:
    """Say what the worker waits for, until it has it."""
    while True:
        try:
            await asyncio.wait_for(registered.wait(), 10)
        except TimeoutError:
            log.info("Waiting for LiveKit")
        else:
            log.info("Registered with LiveKit")
            return
