"""The parts of the bench, each of which starts its own servers and takes minutes at most."""

from collections.abc import Callable, Coroutine

from bench.tts.parts import (
    callers,
    cancel,
    exact,
    length,
    memory,
    openings,
    roundtrip,
    shared,
    tokens,
)
from bench.tts.run import Run

PARTS: dict[str, Callable[[Run], Coroutine[None, None, None]]] = {
    "exact": exact.measure,
    "length": length.measure,
    "tokens": tokens.measure,
    "openings": openings.measure,
    "callers": callers.measure_at_once,
    "sweep": callers.measure_sweep,
    "cancel": cancel.measure,
    "shared": shared.measure,
    "roundtrip": roundtrip.measure,
    "memory": memory.measure,
}
"""In the order in which they run."""

TIMED = frozenset(["length", "tokens", "openings", "callers", "sweep", "cancel", "shared"])
"""Parts that say nothing on a machine with other work."""

__all__ = ["PARTS", "TIMED"]
