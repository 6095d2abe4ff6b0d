"""A program that a bench measures: started, read, and stopped with the bench."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack.supervisor import with_parent

__all__ = [
    "KEEP_MEMORY",
    "Program",
    "Usage",
    "engine_environment",
    "own_memory_mb",
    "tree_cpu_s",
    "tree_memory_mb",
]

STOP_S = 15.0

KEEP_MEMORY = (
    "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=8589934592"
    ":glibc.malloc.top_pad=134217728:glibc.malloc.arena_max=1"
)
"""What `stack` gives the speech server: Whisper's working memory is kept, not mapped anew."""


@dataclass(frozen=True)
class Usage:
    """What a process has used so far."""

    cpu_s: float
    memory_mb: float


class Program:
    """A process; `stop` ends it, and so does the death of the bench, with util-linux.

    Args:
        command: What to run.
        environment: Variables besides those of the bench.
        log: Where its standard error goes, and its standard output unless that is read; nowhere
            without one.
        tells: Read its standard output by `line`.
        asked: Write to its standard input by `ask`.
        folder: Where it runs; where the bench does without one.
        cores: Cores that it may use; all without one.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path | None = None,
        tells: bool = False,
        asked: bool = False,
        folder: Path | None = None,
        cores: int | None = None,
    ) -> None:
        self.log = log
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
        with (log or Path(os.devnull)).open("wb") as sink:
            self._process = subprocess.Popen(
                [*_prelude(cores), *command],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE if tells else sink,
                stderr=sink,
                text=True,
                cwd=folder,
            )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def line(self) -> str:
        """Wait for the next line that it writes; blocks.

        Raises:
            RuntimeError: It ended instead.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            end = self._process.wait()
            raise RuntimeError(f"the program ended with {end}; its log: {self.log}")
        return line.strip()

    def ask(self, line: str) -> None:
        """Write it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def usage(self) -> Usage:
        """Read what it has used: seconds, and millions of bytes that are resident."""
        process = psutil.Process(self.pid)
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss / 1e6)

    def stop(self) -> None:
        """End it and what it has started; kills what takes too long. Blocks."""
        started = _tree([self.pid])
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in started:
            if process.pid != self.pid and process.is_running():
                process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def engine_environment(threads: int) -> dict[str, str]:
    """Give the variables that every recogniser of a comparison gets; set ones are kept.

    Args:
        threads: Threads of its engine.
    """
    wanted = {"OMP_NUM_THREADS": str(threads), "GLIBC_TUNABLES": KEEP_MEMORY}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def tree_cpu_s(pids: Iterable[int]) -> float:
    """Processor time of processes and all that they started, ended ones too, in seconds."""
    total = 0.0
    for process in _tree(pids):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def tree_memory_mb(pids: Iterable[int]) -> float:
    """Memory of processes and all that they started, shared pages once, in millions of bytes."""
    total = 0
    for process in _tree(pids):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 1e6


def own_memory_mb(pid: int) -> float:
    """Resident memory of a process without pages of files, in millions of bytes.

    Those of libraries and models are the system's to drop, and are one process's alone or shared
    as others that have them open come and go.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    return sum(int(sizes[name].split()[0]) for name in ("RssAnon", "RssShmem")) * 1024 / 1e6


def _prelude(cores: int | None) -> list[str]:
    """Begin a command that gets SIGTERM when the bench dies, at the usual priority."""
    # The kernel's signal comes when the thread ends that starts the command: one that stays.
    before = with_parent("TERM")
    allowed = sorted(os.sched_getaffinity(0))
    if cores is not None and cores < len(allowed):
        before += ["taskset", "-c", ",".join(map(str, allowed[:cores]))]
    # The bench's own priority is for its clock; what it measures gets none.
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        before += ["chrt", "--other", "0"]
    if (raised := os.getpriority(os.PRIO_PROCESS, 0)) < 0:
        before += ["nice", "-n", str(-raised)]
    return before


def _tree(pids: Iterable[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
        except psutil.NoSuchProcess:
            continue
    return list(found.values())
