"""Figures of the load benches from their raw lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from bench.calls.ageing import ageing
from bench.calls.figures import Figures, figures_of
from bench.calls.load import capacity
from bench.calls.soak import count_slope_per_hour, drift, machine_drift, slope_per_hour
from bench.calls.streams import KINDS, REFUSED
from bench.result import Target, target
from caller.measure import percentile

__all__ = ["Overload", "load_targets", "overload_of", "points_of", "soak_targets"]

Lines = Sequence[Mapping[str, Any]]

MACHINE_LIMIT = 0.05
"""As far as the machine's own speed may change in a soak of which the drift is judged."""


@dataclass(frozen=True)
class Point:
    """A point of a side's sweep.

    Attributes:
        side: Of which system.
        calls: Calls at once.
        found: Its figures.
        cpu_s: CPU-seconds a minute of a call.
        lag_ms: How late the callers' own frames left: of the turns' 99th percentiles the 95th.
    """

    side: str
    calls: int
    found: Figures
    cpu_s: float | None
    lag_ms: float | None

    def on_time(self, limit_ms: float) -> bool:
        """Tell whether its callers spoke as planned, so that it says something of the system."""
        return self.lag_ms is not None and self.lag_ms <= limit_ms


def points_of(lines: Lines, side: str) -> list[Point]:
    """Give each point of a side's sweep."""
    found = []
    turns = [line for line in lines if line.get("side") == side and "calls" in line]
    for calls in sorted({line["calls"] for line in turns}):
        mine = [line for line in turns if line["calls"] == calls]
        cost = next(
            (
                line["cpu_s"] / (line["calls"] * line["seconds"] / 60)
                for line in mine
                if line["kind"] == "point"
            ),
            None,
        )
        lags = [line["send_lag_p99_ms"] for line in mine if "send_lag_p99_ms" in line]
        found.append(Point(side, calls, figures_of(mine, side), cost, percentile(lags, 95)))
    return found


@dataclass(frozen=True)
class Overload:
    """What became of bare streams beyond a server's places."""

    full: Sequence[float]
    accepted: Sequence[float]
    arrived: int
    refusals_ms: Sequence[float]
    other_errors: int
    recovery_s: float | None

    @property
    def p95_kept(self) -> float | None:
        """The accepted streams' p95 as a part of that of a server just full."""
        full, over = percentile(self.full, 95), percentile(self.accepted, 95)
        return over / full if full and over else None


def overload_of(lines: Lines, what: str) -> Overload:
    """Count the streams of one of `KINDS`."""
    streams = [x for x in lines if x["kind"] == "stream" and x["what"] == what]
    over = [x for x in streams if x["phase"] == "over"]
    failed = [x for x in over if "error" in x]
    recovery = [x for x in lines if x["kind"] == "recovery" and x["what"] == what]
    return Overload(
        full=[x["ms"] for x in streams if x["phase"] == "full" and "ms" in x],
        accepted=[x["ms"] for x in over if "ms" in x],
        arrived=len(over),
        refusals_ms=[x["refused_ms"] for x in failed if x["error"].startswith(REFUSED)],
        other_errors=sum(not x["error"].startswith(REFUSED) for x in failed),
        recovery_s=recovery[0]["s"] if recovery else None,
    )


def load_targets(
    lines: Lines, sides: Sequence[str], limit_s: float, lag_limit_ms: float
) -> list[Target]:
    """Hold the sweep and the overload against what must be reached.

    A point of ours whose callers were late says nothing: it and more calls do not count as carried.
    """

    def counts(point: Point) -> bool:
        return point.side != "ours" or point.on_time(lag_limit_ms)

    carried = {
        side: capacity(
            [(one.calls, one.found) for one in takewhile(counts, points_of(lines, side))], limit_s
        )
        for side in sides
    }
    found = [target("calls at once", float(carried.get("ours", 0)), "calls", ">=", 3)]
    if "peers" in carried:
        # A peer that carries none is taken for one call: no ratio to nothing is claimed.
        ratio = carried.get("ours", 0) / max(1, carried["peers"])
        found.append(target("times the peers' calls at once", ratio, "", ">=", 3))
    if any(line["kind"] == "stream" for line in lines):
        for what in KINDS:
            over = overload_of(lines, what)
            slowest = max(over.refusals_ms, default=None)
            found += [
                target(f"{what}: slowest refusal at 120 %", slowest, "ms", "<=", 100),
                target(f"{what}: other errors", float(over.other_errors), "", "<=", 0),
                target(f"{what}: accepted p95 to that when full", over.p95_kept, "", "<=", 1.1),
                target(f"{what}: recovery", over.recovery_s, "s", "<=", 5),
            ]
    return found


def soak_targets(lines: Sequence[dict[str, Any]]) -> list[Target]:
    """Hold the soak's slopes and its drift against what must be reached."""
    after = [line for line in lines if line["kind"] == "after"]
    first = next((line for line in lines if line["kind"] == "sample"), None)
    left = after[0]["agent_processes"] - first["agent_processes"] if after and first else None
    missed = sum("missed" in line for line in lines if line["kind"] == "turn")
    found = []
    for part in ("speech", "agent"):
        slope = slope_per_hour(lines, f"{part}_mb")
        found.append(target(f"{part} memory", slope[0] if slope else None, "MB/h", "<=", 1))
    found += [
        target(f"{part} {what}", count_slope_per_hour(lines, f"{part}_{what}"), "per h", "<=", 0.5)
        for part in ("speech", "agent")
        for what in ("fds", "threads")
    ]
    return [
        *found,
        target("p95 drift", _judged_drift(lines), "", "<=", 0.05),
        target("missed turns", float(missed), "turns", "<=", 0),
        target("processes left behind", left, "", "<=", 0),
    ]


def _judged_drift(lines: Sequence[dict[str, Any]]) -> float | None:
    """Give the drift of p95, beside a fresh stack where there was one, else between the halves.

    None where the machine's own speed has changed between the halves, so that they tell nothing.
    """
    if beside := ageing(lines):
        return beside[0]
    machine, found = machine_drift(lines), drift(lines)
    if found is None or (machine is not None and abs(machine) > MACHINE_LIMIT):
        return None
    return found[0]
