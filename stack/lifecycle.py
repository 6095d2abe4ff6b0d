"""One stack from its start to its end."""

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from stack import keeper, llm, readiness
from stack.addresses import Addresses
from stack.commands import tail
from stack.errors import NotReady, ServiceDied, StackError
from stack.neighbours import Neighbours, find_neighbours
from stack.ports import require_free
from stack.programs import livekit_sip, prometheus, redis
from stack.progress import Progress, Step, duration
from stack.record import Claim, Process, Record, forget
from stack.services import Service, services
from stack.settings import StackSettings
from stack.supervisor import State, Supervisor

_POLL_S = 0.2
_KILL_TIMEOUT_S = 5.0
_STAGES = 3
_ENDED = ("BACKOFF", "EXITED", "FATAL")


class Stack:
    """The whole system on loopback, without containers.

    Used as a context manager by tests, the demo and the benches, and by ``make up``. Every call
    blocks, at most for the times in the settings; use it on an executor from asyncio.

    Args:
        settings: read from the environment when None.
        progress: where to show what happens; standard output when None.
    """

    def __init__(
        self, settings: StackSettings | None = None, progress: Progress | None = None
    ) -> None:
        self.settings = settings or StackSettings()
        self._progress = progress or Progress()
        self._supervisor = Supervisor(self.settings.state_dir)
        self._claim = Claim(self.settings.state_dir)
        self._addresses: Addresses | None = None
        self._services: dict[str, Service] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> Addresses:
        """Where everything is.

        Raises:
            StackError: the stack was not started.
        """
        if self._addresses is None:
            raise StackError("the stack was not started")
        return self._addresses

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which a client finds this stack."""
        return self.addresses.environment(self.settings)

    @property
    def service_names(self) -> tuple[str, ...]:
        """The services that this stack keeps; not those that run already elsewhere."""
        return tuple(self._services)

    def log_path(self, service: str) -> Path:
        """Give the log of a service."""
        return self._supervisor.log_path(service)

    def start(self) -> None:
        """Find or install the programs, start everything, and wait until it is ready.

        When anything fails, or the wait is interrupted, all that was started is stopped.

        Raises:
            StackError: or one of its kinds; see `stack.errors`.
        """
        began = time.monotonic()
        self._claim.take()
        try:
            # An earlier launcher that was killed may have left a stack that is still stopping.
            keeper.sweep(self._supervisor.mark)
            neighbours = self._find_neighbours()
            self._addresses = self._find_addresses(neighbours)
            table = services(self.settings, self._addresses, neighbours, self._progress)
            self._services = {service.name: service for service in table}
            require_free(self.settings.ports, [port for item in table for port in item.ports])
            self._supervisor.start(table, self.settings.stop_grace_s)
            self._write_record()
            with self._progress.step("starting the services") as step:
                self._start_services(step)
            llm.ensure(self.settings, self._addresses.ollama_host, self._progress)
            llm.load(self.settings, self._addresses.ollama_host, self._progress)
        except BaseException:
            self.stop()
            raise
        self._progress.say(f"ready after {duration(time.monotonic() - began)}")

    def stop(self) -> None:
        """Stop everything that this stack started; no process of it is left."""
        try:
            if self._supervisor.pid is not None:
                with self._progress.step("stopping"):
                    self._supervisor.shutdown(self.settings.stop_grace_s * _STAGES + 5)
        except BaseException:
            # Interrupted again while it stops in order: end it at once.
            self._supervisor.kill()
            raise
        finally:
            keeper.sweep(self._supervisor.mark)
            forget(self.settings.state_dir)
            self._claim.give_back()

    def states(self) -> dict[str, State]:
        """Give the state of each service."""
        return self._supervisor.states()

    def pid(self, service: str) -> int:
        """Give the process of a service; 0 when it does not run."""
        return self.states()[service].pid

    def kill(self, service: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a service; after SIGKILL, wait until its process is gone.

        The supervisor starts a service again that ends so.
        """
        process = Process.of(self.pid(service))
        self._supervisor.signal_service(service, number)
        deadline = time.monotonic() + _KILL_TIMEOUT_S
        while number == signal.SIGKILL and process.alive:
            if time.monotonic() > deadline:
                raise StackError(f"{service} (pid {process.pid}) outlives SIGKILL")
            time.sleep(0.02)

    def stop_service(self, service: str) -> None:
        """Stop one service, as in an outage; `start_service` brings it back."""
        self._supervisor.stop_service(service)

    def start_service(self, service: str) -> None:
        """Start one service that was stopped, and wait until it is ready."""
        self._supervisor.start_service(service)
        self.wait_ready(service)

    def restart(self, service: str) -> None:
        """Stop one service, start it again, and wait until it is ready."""
        self.stop_service(service)
        self.start_service(service)

    def wait_ready(self, *names: str) -> None:
        """Wait until these services (all when none is named) are ready.

        Raises:
            NotReady: one was not in ``ready_timeout_s``.
            ServiceDied: the supervisor gave one up.
        """
        wanted = [self._services[name] for name in names] or list(self._services.values())
        self._wait_ready(wanted, Step("waiting"), first_start=False)

    def watch(self) -> None:
        """Report restarts until the supervisor ends, which it does only when it fails.

        Raises:
            StackError: the supervisor ended.
        """
        before = {name: state.pid for name, state in self.states().items()}
        while True:
            time.sleep(1.0)
            if self._supervisor.pid is None:
                raise StackError(f"supervisord ended:\n{tail(self._supervisor.log)}")
            with contextlib.suppress(StackError):  # busy for a moment
                now = self.states()
                for name, state in now.items():
                    if state.pid != before[name]:
                        self._progress.say(f"  {name} {_news(state)}: {self.log_path(name)}")
                before = {name: state.pid for name, state in now.items()}

    def _find_neighbours(self) -> Neighbours:
        found = find_neighbours(self.settings)
        if found.redis_url is None:
            redis.find_or_install(self.settings, self._progress)
            # Debian starts the Redis that it installs, where the machine runs services.
            found = find_neighbours(self.settings)
        return found

    def _find_addresses(self, neighbours: Neighbours) -> Addresses:
        return Addresses.of(
            self.settings.ports,
            neighbours,
            prometheus=prometheus.find(self.settings) is not None,
            sip=str(self.settings.sip_address) if livekit_sip.find(self.settings) else None,
        )

    def _write_record(self) -> None:
        supervisor = self._supervisor.pid
        if supervisor is None:
            raise StackError(f"supervisord ended at once:\n{tail(self._supervisor.log)}")
        Record(
            launcher=Process.of_self(),
            supervisor=Process.of(supervisor),
            addresses=self.addresses,
        ).write(self.settings.state_dir)

    def _start_services(self, step: Step) -> None:
        """Start every service, those first that others need, and wait until all are ready."""
        unstarted, unready = dict(self._services), dict(self._services)
        while unready:
            for name, service in list(unstarted.items()):
                if unready.keys().isdisjoint(service.needs):
                    self._supervisor.start_service(name)
                    del unstarted[name]
            needed = {need for service in unstarted.values() for need in service.needs}
            # Not those that wait for others themselves: they are not started yet.
            batch = [
                unready.pop(name)
                for name in list(unready)
                if name not in unstarted and (name in needed or not needed)
            ]
            self._wait_ready(batch, step, first_start=True)

    def _wait_ready(self, wanted: Iterable[Service], step: Step, *, first_start: bool) -> None:
        """Wait for services; one that ends is an error at its first start, else restarted."""
        began = time.monotonic()
        pending = {service.name: service for service in wanted}
        first_pids: dict[str, int] = {}
        reasons: dict[str, str] = {}
        while pending:
            self._check_alive(pending, first_pids, first_start)
            for name, service in list(pending.items()):
                try:
                    service.probe()
                except readiness.Waiting as reason:
                    reasons[name] = str(reason)
                else:
                    del pending[name]
                    self._progress.say(f"  {name} is ready after {step.elapsed}")
            step.note = f"waiting for {', '.join(pending)}"
            if pending and time.monotonic() - began > self.settings.ready_timeout_s:
                raise NotReady(self._not_ready(pending, reasons))
            if pending:
                time.sleep(_POLL_S)

    def _check_alive(
        self, pending: Iterable[str], first_pids: dict[str, int], first_start: bool
    ) -> None:
        """Fail when a service that is waited for has ended, restarted or not."""
        states = self._supervisor.states()
        for name in pending:
            state = states[name]
            if state.pid:
                first_pids.setdefault(name, state.pid)
            restarted = state.pid and state.pid != first_pids[name]
            if state.status == "FATAL" or (first_start and (state.status in _ENDED or restarted)):
                raise ServiceDied(
                    f"{name} ended while it started; its log: {self.log_path(name)}\n"
                    f"{tail(self.log_path(name))}"
                )

    def _not_ready(self, pending: Iterable[str], reasons: dict[str, str]) -> str:
        waited = f"not ready after {self.settings.ready_timeout_s:.0f} s"
        return "\n".join(
            f"{name} is {waited}: {reasons.get(name, 'no answer')}; its log: "
            f"{self.log_path(name)}\n{tail(self.log_path(name))}"
            for name in pending
        )


def _news(state: State) -> str:
    """Say what became of a service whose process is another one now."""
    if state.pid:
        return "was restarted"
    if state.status == "FATAL":
        return "keeps ending and is not restarted any more"
    return "ended"
