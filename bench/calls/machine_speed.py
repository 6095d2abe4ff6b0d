"""How fast the machine is just now: the time of a computation that is always the same.

Machines that are shared with others change their speed within minutes; without this, that would
look like a program that becomes slower.
"""

import statistics
import time

import numpy as np

__all__ = ["machine_ms"]

ROWS, COLUMNS, TOKENS = 4096, 1024, 16
"""A layer of a model for a few tokens: some of it waits for memory, some for arithmetic."""
REPEATS = 60


def machine_ms() -> float:
    """Give the median time of one of many equal products, in milliseconds; blocks for some 0.3 s.

    On an idle machine, or it tells how busy that is.
    """
    random = np.random.default_rng(1)
    weights = random.standard_normal((ROWS, COLUMNS), np.float32)
    tokens = random.standard_normal((COLUMNS, TOKENS), np.float32)
    times_s = []
    for _ in range(REPEATS):
        begin_s = time.perf_counter()
        weights @ tokens
        times_s.append(time.perf_counter() - begin_s)
    return 1000 * statistics.median(times_s)
