"""What a process is said to use."""

import mmap
import os
from pathlib import Path

from bench.process import own_memory_mb

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
