"""A program of a side: started with the bench, ended with it, its processor time read."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from bench.process import tied

__all__ = ["Program", "tree_cpu_s", "tree_memory_mb"]

STOP_S = 10.0


class Program:
    """A process; it gets SIGTERM as well when the bench dies.

    Args:
        command: What to run.
        environment: Variables besides those of the bench.
        log: Where its output goes.
        folder: Where it runs; None: where the bench does.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        folder: Path | None = None,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                tied(command),
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
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

    def stop(self) -> None:
        """End it and what it has started; blocks."""
        children = _tree([self.pid])
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            if child.is_running() and child.pid != self.pid:
                child.kill()


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
