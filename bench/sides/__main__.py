"""The worker of a side: `BENCH_SIDE_KIND=peers python -m bench.sides`."""

import sys
from typing import TYPE_CHECKING

from agent.__main__ import main

if TYPE_CHECKING:
    from agent.worker import TakeCall


def find_call() -> "TakeCall":
    """Import what holds a call, once the environment is prepared."""
    from bench.sides.call import take_side_call

    return take_side_call


if __name__ == "__main__":
    sys.exit(main(find_call))
