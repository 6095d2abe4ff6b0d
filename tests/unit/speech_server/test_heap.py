"""What is free goes back to the system."""

import sys
import threading
import time

import numpy as np
import psutil
import pytest

from speech_server import heap

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can give back")


def hundred_megabytes() -> tuple[list[np.ndarray], np.ndarray]:
    """Blocks smaller than what is mapped apart, and one above them that stays."""
    held = [np.ones(100_000, np.uint8) for _ in range(1000)]
    return held, np.ones(100_000, np.uint8)


def memory() -> int:
    return psutil.Process().memory_info().rss


def test_free_memory_goes_back_soon_and_again_after_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heap.keep_one_heap()
    monkeypatch.setattr(heap, "_BETWEEN_S", 0.3)
    for _ in range(3):
        held, stays = hundred_megabytes()
        full = memory()
        del held
        assert memory() > full - 50_000_000
        heap.give_back()
        heap.give_back()
        deadline_s = time.monotonic() + 5
        while memory() > full - 50_000_000:
            assert time.monotonic() < deadline_s, "nothing was given back"
            time.sleep(0.02)
        assert stays.sum() == 100_000
    keepers = [thread for thread in threading.enumerate() if thread.name == "give-back"]
    assert len(keepers) == 1
