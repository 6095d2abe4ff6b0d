"""Processes of a stack, found by the mark in their environment."""

import time
from collections.abc import Callable
from pathlib import Path

from stack import Stack


def marked_processes(state_dir: Path) -> list[str]:
    """Command lines of the processes that carry the mark of this stack (zombies have none)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            if f"TRINITY_STACK={state_dir}".encode() in environment:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Looks until something is so; fails the test when it does not become so."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout_s:.0f} s not so: {what}"
        time.sleep(0.1)


def kill_and_wait(stack: Stack, service: str) -> None:
    """Kills the process of a service and waits until the stack has a ready one again."""
    before = stack.pid(service)
    assert before
    stack.kill(service)
    until(lambda: stack.pid(service) not in (0, before), f"{service} runs again")
    stack.wait_ready(service)
