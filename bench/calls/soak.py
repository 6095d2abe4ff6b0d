"""Calls for a long time: does memory grow, does anything stay behind, do answers get slower?"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.calls import ageing
from bench.calls.clips import questions
from bench.calls.figures import is_timed
from bench.calls.machine_speed import machine_ms
from bench.calls.records import RawFile
from bench.calls.rig import Rig
from bench.calls.talk import Talker
from bench.process import own_memory_mb, tree_memory_mb
from caller.token import ControlApi

__all__ = [
    "SAMPLE_S",
    "Rests",
    "count_slope_per_hour",
    "drift",
    "machine_drift",
    "measure",
    "slope_per_hour",
]

Tell = Callable[[str], None]
Lines = list[dict[str, Any]]

SAMPLE_S = 10.0
WARM_UP = 0.2
"""Part of the soak that is not judged."""
APART_S = 1.7
QUIET_S = 30.0
"""After so long without a call what is free has gone back to the system, and gRPC's pool has let go
of the threads beyond its reserve, which it keeps until they were idle for 20 s."""
LEAST_RESTS = 5
STORE_S = 60
"""Sound that the speech server keeps to say again. The 300 s of its default take much of an hour
of answers that are all different, and would count as growth till then."""
DRAWS = 2000


async def measure(rig: Rig, raw: RawFile, tell: Tell) -> Lines:
    """Hold calls and look at the processes now and then; again when the calls are over."""
    settings = rig.settings
    clips = await questions(settings, rig.caller)
    lines: Lines = []
    origin_s = time.monotonic()
    end_s = origin_s + settings.soak_minutes * 60

    def sample(kind: str) -> None:
        line = {"at_s": round(time.monotonic() - origin_s, 1), **_usage(rig)}
        if kind == "rest":
            line["machine_ms"] = round(machine_ms(), 3)
        raw.write(kind, **line)
        lines.append({"kind": kind, **line})

    async def look() -> None:
        while time.monotonic() < end_s:
            await asyncio.to_thread(sample, "sample")
            await asyncio.sleep(SAMPLE_S)

    async with ControlApi(rig.caller.api_url) as api:
        await api.wait_ready(rig.caller.ready_timeout_s, tell)
        rests = Rests(settings.soak_calls, settings.soak_rest_minutes * 60, origin_s)

        async def talk(number: int) -> None:
            talker = Talker(rig, api, "ours")
            await asyncio.sleep(number * APART_S)
            try:
                for at in count(number * 7):
                    if time.monotonic() >= end_s:
                        return
                    if rests.due():
                        await talker.hang_up()
                        await rests.take(partial(asyncio.to_thread, sample, "rest"))
                    begin_s = time.monotonic()
                    clip = clips[at % len(clips)]
                    line = {
                        **await talker.ask(clip),
                        "at_s": round(time.monotonic() - origin_s, 1),
                    }
                    raw.write("turn", **line)
                    lines.append({"kind": "turn", **line})
                    next_s = begin_s + clip.duration_s / settings.speech_share
                    await asyncio.sleep(max(0.0, next_s - time.monotonic()))
            finally:
                await rests.leave()
                await talker.hang_up()

        async with asyncio.TaskGroup() as group:
            group.create_task(look())
            for number in range(settings.soak_calls):
                group.create_task(talk(number))
        await asyncio.sleep(QUIET_S)
        await asyncio.to_thread(sample, "after")
        tell(f"{sum(line['kind'] == 'turn' for line in lines)} turns")
        if settings.soak_fresh_turns:
            lines += await ageing.measure(rig, raw, api, clips, tell)
    return lines


def slope_per_hour(lines: Sequence[dict[str, Any]], name: str) -> tuple[float, float] | None:
    """Give the growth of a figure an hour, without the warm-up, and how far that may be off.

    Work under way needs memory and gives it back; what is left when it is done is what a leak
    would raise. So the rests between calls are taken, and where there are too few, the least of
    each minute. The second figure is twice the standard error.
    """
    found = _least_of_minutes(lines, name)
    if found is None:
        return None
    (slope, _), spread = np.polyfit(*found, 1, cov=True)
    return float(slope), float(2 * np.sqrt(spread[0, 0]))


def count_slope_per_hour(lines: Sequence[dict[str, Any]], name: str) -> float | None:
    """Give the growth of a whole number an hour, without the warm-up.

    From the median of the first third of the looks to that of the last. One more is none: it is
    what least squares would make a slope of, and no leak, which adds one with each call or turn.
    gRPC's pool has a thread more after the most work at once that there was, and keeps it.
    """
    found = _least_of_minutes(lines, name)
    if found is None:
        return None
    hours, values = found
    third = len(values) // 3
    growth = float(np.median(values[-third:]) - np.median(values[:third]))
    between_h = float(np.median(hours[-third:]) - np.median(hours[:third]))
    return 0.0 if abs(growth) <= 1 else growth / between_h


def drift(
    lines: Sequence[dict[str, Any]], share_percent: float = 95
) -> tuple[float, float, float] | None:
    """Give how much slower the second half's turns are than the first's, as a part of it.

    Then the bounds between which that is by 95 %, by drawing turns anew.
    """
    turns = [line for line in lines if line["kind"] == "turn" and is_timed(line)]
    judged = np.array([line["latency_ms"] for line in turns[int(len(turns) * WARM_UP) :]])
    half = len(judged) // 2
    if half < 5:
        return None

    def slower(first: np.ndarray, second: np.ndarray) -> Any:
        return np.percentile(second, share_percent, axis=-1) / (
            np.percentile(first, share_percent, axis=-1)
        )

    parts = judged[:half], judged[half:]
    drawn = np.random.default_rng(1)
    anew = slower(*(drawn.choice(part, (DRAWS, len(part))) for part in parts))
    low, high = np.percentile(anew, (2.5, 97.5))
    return float(slower(*parts) - 1), float(low - 1), float(high - 1)


def machine_drift(lines: Sequence[dict[str, Any]]) -> float | None:
    """Give how much slower the machine itself was in the second half, as a part of its speed."""
    times = [line["machine_ms"] for line in _judged(lines, "rest", "machine_ms")]
    half = len(times) // 2
    if half < LEAST_RESTS // 2:
        return None
    return float(np.median(times[half:]) / np.median(times[:half]) - 1)


def _least_of_minutes(
    lines: Sequence[dict[str, Any]], name: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Give the hours and the least values of the minutes that are judged; None of too few."""
    judged = _judged(lines, "rest", name)
    if len(judged) < LEAST_RESTS:
        judged = _judged(lines, "sample", name)
    least: dict[int, float] = {}
    for line in judged:
        minute = int(line["at_s"] // 60)
        least[minute] = min(line[name], least.get(minute, line[name]))
    if len(least) < LEAST_RESTS:
        return None
    return np.array(list(least)) / 60, np.array(list(least.values()))


def _judged(lines: Sequence[dict[str, Any]], kind: str, name: str) -> list[dict[str, Any]]:
    """Give what was noted of a figure after the warm-up."""
    found = [line for line in lines if line["kind"] == kind and name in line]
    return found[int(len(found) * WARM_UP) :]


class Rests:
    """Times at which all callers have hung up, and nothing is to be done."""

    def __init__(self, callers: int, every_s: float, origin_s: float) -> None:
        self._all = asyncio.Barrier(callers)
        self._every_s = every_s
        self._next_s = origin_s + every_s

    def due(self) -> bool:
        """Tell whether a caller has to hang up now."""
        return self._every_s > 0 and time.monotonic() >= self._next_s

    async def take(self, look: Callable[[], Awaitable[None]]) -> None:
        """Wait for the others and for quiet, and let one of them look."""
        with suppress(asyncio.BrokenBarrierError):  # a caller has left, the soak is over
            looks = await self._all.wait() == 0
            await asyncio.sleep(QUIET_S)
            if looks:
                await look()
                while self._next_s <= time.monotonic():
                    self._next_s += self._every_s
            await self._all.wait()

    async def leave(self) -> None:
        """Let nobody wait for a caller who is done."""
        await self._all.abort()


def _usage(rig: Rig) -> dict[str, Any]:
    """Read what the speech server and the agent's worker use; its calls' processes come and go."""
    server, worker = rig.programs["ours"]
    found: dict[str, Any] = {"agent_tree_mb": round(tree_memory_mb([worker]), 1)}
    for name, pid in (("speech", server), ("agent", worker)):
        process = psutil.Process(pid)
        found[f"{name}_mb"] = round(own_memory_mb(pid), 2)
        found[f"{name}_fds"] = process.num_fds()
        found[f"{name}_threads"] = process.num_threads()
        found[f"{name}_thread_names"] = _thread_names(pid)
    found["agent_processes"] = len(psutil.Process(worker).children(recursive=True))
    return found


def _thread_names(pid: int) -> dict[str, int]:
    """Count a process's threads by the names that libraries gave them, to tell which one came."""
    names: Counter[str] = Counter()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended
            names[(thread / "comm").read_text().strip()] += 1
    return dict(names)
