"""The caller's share of the processor: what measures must not wait for what it measures."""

import os
from contextlib import suppress

__all__ = ["go_first", "raise_priority"]

_AHEAD = 10
"""So much nicer is what is measured than who measures it, where real time is not allowed."""


def raise_priority(nice: int) -> int:
    """Sets the niceness of this process, where the system allows it; returns what it is then.

    A caller has a machine of its own; where it shares the processor with the server, its frames
    would leave late and its clock would read late. Call it before threads are started: on Linux
    niceness belongs to a thread, and threads inherit it.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    return os.getpriority(os.PRIO_PROCESS, 0)


def go_first() -> bool:
    """Let this thread, and those that it starts, run before any that is merely nice.

    A low niceness wins a larger share, but not the next moment: a thread that wakes may wait
    several milliseconds for one that computes. Where the system does not allow it, a lower niceness
    has to do, and False says so.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        raise_priority(max(-20, os.getpriority(os.PRIO_PROCESS, 0) - _AHEAD))
        return False
    return True
