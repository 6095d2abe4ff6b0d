"""Figures of turns from their raw lines; the benches and the report both take them from here."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.calls.stages import STAGES, explained
from bench.result import Target, target
from caller.measure import percentile
from caller.score import score

__all__ = [
    "Figures",
    "bootstrap",
    "figures_of",
    "is_timed",
    "share",
    "turn_targets",
    "why_void",
]

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Figures:
    """One side's turns in figures; times in milliseconds, shares from 0 to 1.

    A false start, where the agent began before its caller had ended, has no latency: it is counted,
    and its negative time would make the others look quicker than they are.
    """

    side: str
    turns: int
    missed: int
    failed: int
    false_starts: int
    latencies: Sequence[float]
    stages: Mapping[str, Sequence[float]]
    unexplained: int
    restarted: int
    wer: float | None
    stops: Sequence[float]
    barge_ins: int
    barge_ins_missed: int
    noises: int
    noises_cut: int
    noises_paused: int

    def p(self, share_percent: float) -> float | None:
        """Percentile of the turn latency."""
        return percentile(self.latencies, share_percent)

    def within(self, limit_ms: float) -> float | None:
        """Part of all turns, missed ones and false starts too, that were answered in that time."""
        asked = self.turns + self.missed
        return sum(v <= limit_ms for v in self.latencies) / asked if asked else None

    def residual(self, share_percent: float) -> float | None:
        """Percentile of what the stages leave of the latency, in whichever direction."""
        return percentile([abs(v) for v in self.stages.get("residual_ms", ())], share_percent)


def is_timed(line: Line) -> bool:
    """Tell whether a turn has a latency: it was answered, and not before its caller had ended."""
    return "missed" not in line and line.get("latency_ms", -1) >= 0


def figures_of(lines: Iterable[Line], side: str) -> Figures:
    """Count one side's lines."""
    mine = [line for line in lines if line.get("side") == side]
    turns = [line for line in mine if line["kind"] == "turn"]
    answered = [line for line in turns if "latency_ms" in line and "missed" not in line]
    timed = [line for line in answered if is_timed(line)]
    greetings = [line["downlink_ms"] for line in mine if line["kind"] == "greeting"]
    # Where no greeting was measured, none of its turns is explained.
    usual_ms = percentile(greetings, 50)
    stages = [
        explained(line["stages"], usual_ms)
        for line in timed
        if "stages" in line and usual_ms is not None
    ]
    names = (*STAGES, "residual_ms")
    scored = [(line["reference"], line["heard"]) for line in answered if line.get("reference")]
    barges = [line for line in mine if line["kind"] == "barge-in" and "failed" not in line]
    noises = [line for line in mine if line["kind"] == "noise" and "failed" not in line]
    return Figures(
        side=side,
        turns=len(answered),
        missed=sum("missed" in line for line in turns),
        failed=sum("failed" in line for line in mine),
        false_starts=len(answered) - len(timed),
        latencies=[line["latency_ms"] for line in timed],
        stages={name: [one[name] for one in stages] for name in names},
        unexplained=len(timed) - len(stages),
        restarted=sum(line.get("interrupted", False) for line in answered),
        wer=score(scored).wer if scored else None,
        stops=[line["stop_ms"] for line in barges if "stop_ms" in line],
        barge_ins=len(barges),
        barge_ins_missed=sum(not line["paused"] for line in barges),
        noises=len(noises),
        noises_cut=sum(line["cut"] for line in noises),
        noises_paused=sum(line["paused"] for line in noises),
    )


def turn_targets(lines: Sequence[Line], sides: Sequence[str]) -> list[Target]:
    """Hold our figures, and their ratio to the peers', against what must be reached."""
    ours = figures_of(lines, "ours")
    found = [
        target("turn latency p50", ours.p(50), "ms", "<=", 1000),
        target("turn latency p95", ours.p(95), "ms", "<=", 1600),
        target("missed turns", float(ours.missed), "turns", "<=", 0),
        target("false starts", float(ours.false_starts), "turns", "<=", 0),
        target("residual of the stages p95", ours.residual(95), "ms", "<=", 50),
    ]
    if "peers" in sides:
        theirs = figures_of(lines, "peers")
        mine, other = ours.p(50), theirs.p(50)
        ratio = other / mine if mine and other and mine > 0 else None
        found.append(target("times lower than the peers, p50", ratio, "", ">=", 3))
    return found


def why_void(lines: Sequence[Line], lags_ms: Sequence[float], limit_ms: float) -> str | None:
    """Say why turns tell nothing about the system; None when they do."""
    turns = [line for line in lines if line["kind"] == "turn"]
    if not any("latency_ms" in line for line in turns):
        return "no turn was measured"
    failed = [line for line in lines if "failed" in line]
    if failed:
        return f"{len(failed)} calls could not be held: {failed[0]['failed']}"
    lag = percentile(list(lags_ms), 95)
    if lag is None:
        return "the callers' lateness was not measured"
    if lag > limit_ms:
        return f"the callers' frames left {lag:.1f} ms late (p99 of a turn, p95 of all turns)"
    return None


def share(value: float | None) -> str:
    """Write a share as people do."""
    return "–" if value is None else f"{value:.0%}"


def bootstrap(
    one: Sequence[float], other: Sequence[float], share_percent: float = 50, seed: int = 1
) -> tuple[float, float, float] | None:
    """Ratio of a percentile of two samples, `other` to `one`, with its 95 % interval."""
    if len(one) < 2 or len(other) < 2:
        return None
    draw = random.Random(seed)

    def ratio(a: Sequence[float], b: Sequence[float]) -> float:
        return (percentile(b, share_percent) or 0.0) / (percentile(a, share_percent) or 1.0)

    drawn = sorted(
        ratio(draw.choices(one, k=len(one)), draw.choices(other, k=len(other))) for _ in range(2000)
    )
    return ratio(one, other), drawn[49], drawn[1949]
