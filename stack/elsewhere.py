"""What another shell can do with a stack that runs: look at it, and stop it."""

import os
import signal
import time
from collections.abc import Callable

from stack import keeper
from stack.errors import NotRunning, StackError
from stack.progress import Progress, duration
from stack.record import Process, Record, forget
from stack.settings import StackSettings
from stack.supervisor import Supervisor

_STAGES = 3


def down(settings: StackSettings, progress: Progress) -> None:
    """Stop a stack and wait until no process of it is left.

    Its launcher is asked first, which stops it in order; then what runs without a launcher; what
    is left after that is killed.

    Raises:
        NotRunning: there was nothing to stop.
    """
    supervisor = Supervisor(settings.state_dir)
    try:
        record = Record.read(settings.state_dir)
    except NotRunning:
        if not keeper.sweep(supervisor.mark):
            raise
        progress.say("stopped what was left of an earlier stack")
        return
    grace_s = settings.stop_grace_s * _STAGES + 10
    with progress.step(f"stopping the stack {settings.name}"):
        for process in (record.launcher, record.supervisor):
            if process.alive:
                os.kill(process.pid, signal.SIGTERM)
                _wait_gone(process, grace_s)
        _wait_until(lambda: not keeper.members(supervisor.mark), grace_s)
        keeper.sweep(supervisor.mark)
        forget(settings.state_dir)


def status(settings: StackSettings, progress: Progress) -> bool:
    """Show each service of a stack, and where everything is.

    Returns:
        Whether all services run.

    Raises:
        NotRunning: no stack of this name runs.
    """
    record = Record.read(settings.state_dir)
    supervisor = Supervisor(settings.state_dir)
    try:
        states = supervisor.states()
    except StackError:
        raise NotRunning(f"no stack {settings.name} runs") from None
    for name, state in states.items():
        up = duration(state.up_s) if state.pid else ""
        pid = f"pid {state.pid}" if state.pid else f"status {state.exit_status}"
        progress.say(
            f"  {name:<14} {state.status:<9} {pid:<14} {up:<14} {supervisor.log_path(name)}"
        )
    for line in record.addresses.lines():
        progress.say(line)
    return all(state.status == "RUNNING" for state in states.values())


def _wait_gone(process: Process, timeout_s: float) -> None:
    if not _wait_until(lambda: not process.alive, timeout_s):
        os.kill(process.pid, signal.SIGKILL)


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
