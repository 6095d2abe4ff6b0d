"""What a process is said to use, and with what priority it runs."""

import mmap
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.process import Program, own_memory_mb
from caller.priority import go_first

SIZE = 32_000_000


def test_pages_of_files_are_not_a_process_s_own(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(bytes(SIZE))
    before = own_memory_mb(os.getpid())
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as pages:
        assert sum(pages[::4096]) == 0
        assert own_memory_mb(os.getpid()) - before < 5
    with mmap.mmap(-1, SIZE) as pages:
        pages[:] = bytes(SIZE)
        assert own_memory_mb(os.getpid()) - before > 25


def test_what_is_started_once_the_bench_goes_first_does_not_go_first_too() -> None:
    def start() -> list[str]:
        if not go_first():
            pytest.skip("real-time priority is not allowed here")
        tell = "import os; print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))"
        program = Program([sys.executable, "-c", tell], {}, tells=True)
        try:
            return program.line().split()
        finally:
            program.stop()

    # A thread of its own: what it sets ends with it, and the death of the thread that starts a
    # program ends the program.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(start).result() == [str(os.SCHED_OTHER), "0"]
