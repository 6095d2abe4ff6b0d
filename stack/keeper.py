"""Supervisord, and no process left behind it.

The services' scripts put a mark into the environment; whatever a service starts inherits it. So
the processes of a stack are found for certain, also those whose parent is gone (a model runner, a
call's process), whoever ended in which order. This module is run by path, in the place of
``supervisord``, and imports the standard library and supervisor only: it lives as long as the
stack does.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

MARK = "TRINITY_STACK"
"""Environment variable of every process of a stack; its value is the stack's state folder."""


def members(mark: str) -> list[int]:
    """Give the processes that carry this mark, except the caller's own."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if wanted in environment.split(b"\0"):
            found.append(pid)
    return found


def sweep(mark: str, timeout_s: float = 5.0) -> list[int]:
    """Kill every process that carries this mark and wait until none is left.

    Returns:
        The processes that were still there.
    """
    swept: set[int] = set()
    deadline = time.monotonic() + timeout_s
    while pids := members(mark):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        swept.update(pids)
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return sorted(swept)


def started_at(pid: int) -> int | None:
    """Give when a process started, in clock ticks since boot, or None when there is none.

    With the pid it names one process for certain; a pid alone is used again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def main() -> None:
    """Run supervisord in this process; arguments: the mark, then those of supervisord."""
    mark, *arguments = sys.argv[1:]
    from supervisor import supervisord

    try:
        supervisord.main(arguments)
    finally:
        sweep(mark)


if __name__ == "__main__":
    main()
