"""A program that a bench measures: started, read, and stopped with the bench."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["KEEP_MEMORY", "Program", "Usage", "engine_environment", "tied"]

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
    """A process; `stop` ends it, and the death of the bench.

    Args:
        command: What to run.
        environment: Variables besides those of the bench.
        log: Where its standard error goes, and its standard output unless that is read; nowhere
            without one.
        tells: Read its standard output by `line`.
        asked: Write to its standard input by `ask`.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path | None = None,
        tells: bool = False,
        asked: bool = False,
    ) -> None:
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
        with (log or Path(os.devnull)).open("wb") as sink:
            self._process = subprocess.Popen(
                tied(command),
                env={**os.environ, **environment},
                stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE if tells else sink,
                stderr=sink,
                text=True,
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
        """Wait for the next line that it writes.

        Raises:
            RuntimeError: It ended instead.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended with {self._process.wait()}")
        return line.strip()

    def ask(self, line: str) -> None:
        """Write it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def usage(self) -> Usage:
        """Read what it has used."""
        process = psutil.Process(self._process.pid)
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss / 1e6)

    def stop(self) -> None:
        """End it; kills it when it takes too long."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def tied(command: Sequence[str]) -> list[str]:
    """Have a command get SIGTERM when the bench dies, however that dies; with util-linux only.

    The kernel sends it when the thread that starts the command ends: a thread that stays.
    """
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []), *command]


def engine_environment(threads: int) -> dict[str, str]:
    """Give the variables that every recogniser of a comparison gets; set ones are kept.

    Args:
        threads: Threads of its engine.
    """
    wanted = {"OMP_NUM_THREADS": str(threads), "GLIBC_TUNABLES": KEEP_MEMORY}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
