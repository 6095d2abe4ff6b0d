"""A server that a bench starts, looks at and stops."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence

import psutil

from bench.process import tied

STOP_S = 10.0


class ServerProcess:
    """A server process, limited to so many cores; the death of the bench ends it.

    Args:
        command: What to run.
        environment: Added to the bench's own environment.
        cores: Cores that it and its threads may use; all of them when there are no more.
        tells: Keep its standard output for `first_line`; else it goes nowhere.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        cores: int,
        tells: bool,
    ) -> None:
        allowed = sorted(os.sched_getaffinity(0))
        before: list[str] = []
        if cores < len(allowed):
            before += ["taskset", "-c", ",".join(map(str, allowed[:cores]))]
        if (raised := os.getpriority(os.PRIO_PROCESS, 0)) < 0:
            # The bench's own priority is for its clock; a server gets none.
            before += ["nice", "-n", str(-raised)]
        self._process = subprocess.Popen(
            tied([*before, *command]),
            env={**os.environ, **environment},
            stdout=subprocess.PIPE if tells else subprocess.DEVNULL,
            stderr=None if tells else subprocess.DEVNULL,
            text=True,
        )
        self._seen = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def memory_mb(self) -> float:
        """Resident memory now, in millions of bytes."""
        return float(self._seen.memory_info().rss) / 1e6

    @property
    def cpu_s(self) -> float:
        """Computing time so far, of all its threads."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def first_line(self) -> str:
        """Wait for the first line that it writes; blocks."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        """Ask it to end, and end it when it does not; blocks."""
        self._process.terminate()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
            return
        self._process.kill()
        self._process.wait()
