"""What is free goes back to the system."""

import sys

import numpy as np
import psutil
import pytest

from speech_server import heap


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can give back")
def test_free_memory_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    heap.keep_one_heap()
    process = psutil.Process()
    # Smaller than what is mapped apart, and under something that stays.
    held = [np.ones(100_000, np.uint8) for _ in range(1000)]
    stays = np.ones(100_000, np.uint8)
    full = process.memory_info().rss
    del held
    monkeypatch.setattr(heap, "_given_s", float("-inf"))
    heap.give_back()
    assert process.memory_info().rss < full - 50_000_000
    assert stays.sum() == 100_000
