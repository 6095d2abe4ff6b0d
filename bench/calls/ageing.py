"""Does a stack that has served for long answer as quickly as one that has just begun?

The two are asked the same in turn, so that a machine that changes its speed changes it for both.
Both use the same LiveKit, Redis and control API; speech server and agent are each one's own.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from bench.calls.figures import is_timed
from bench.calls.records import RawFile
from bench.calls.rig import Rig
from bench.calls.talk import Talker
from caller.speech import Clip
from caller.token import ControlApi

__all__ = ["SIDES_OF_AGE", "ageing", "measure", "pairs_of"]

SIDES_OF_AGE = ("ours", "fresh")
WARM_UP_TURNS = 3
"""Turns of each that do not count: the fresh stack's first ones find nothing warm."""
FEWEST = 10
DRAWS = 2000


async def measure(
    rig: Rig, raw: RawFile, api: ControlApi, clips: Sequence[Clip], tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Start a second stack beside the old one, and ask both by turns."""
    turns = rig.settings.soak_fresh_turns
    tell(f"{turns} turns beside a stack just started")
    await rig.start_side("fresh")
    talkers = {side: Talker(rig, api, side) for side in SIDES_OF_AGE}
    lines: list[dict[str, Any]] = []
    try:
        for number, clip in zip(range(-WARM_UP_TURNS, turns), cycle(clips)):
            # Whoever goes first is another one each time.
            for side in SIDES_OF_AGE[:: 1 if number % 2 else -1]:
                line = {"pair": number, **await talkers[side].ask(clip)}
                if number >= 0:
                    raw.write("beside", **line)
                    lines.append({"kind": "beside", **line})
    finally:
        for talker in talkers.values():
            await talker.hang_up()
    return lines


def pairs_of(lines: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Give the latencies of the old stack and of the fresh one, as they were asked the same.

    A turn that was missed, or that the agent began before its end, has none: its pair does not
    count.
    """
    found: dict[int, dict[str, float]] = {}
    for line in lines:
        if line["kind"] == "beside" and is_timed(line):
            found.setdefault(line["pair"], {})[line["side"]] = line["latency_ms"]
    old, fresh = SIDES_OF_AGE
    return [(pair[old], pair[fresh]) for pair in found.values() if len(pair) == 2]


def ageing(
    lines: Sequence[Mapping[str, Any]], share_percent: float = 95
) -> tuple[float, float, float] | None:
    """Give how much slower the old stack's turns are than the fresh one's, as a part of them.

    Then the bounds between which that is by 95 %, by drawing pairs anew. None of too few pairs.
    """
    pairs = np.array(pairs_of(lines))
    if len(pairs) < FEWEST:
        return None

    def slower(of: np.ndarray) -> Any:
        old, fresh = np.percentile(of, share_percent, axis=-2).T
        return old / fresh - 1

    anew = slower(pairs[np.random.default_rng(1).integers(len(pairs), size=(DRAWS, len(pairs)))])
    low, high = np.percentile(anew, (2.5, 97.5))
    return float(slower(pairs)), float(low), float(high)
