"""The benches of whole calls by name: each measures, and gives figures, tables and targets."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from bench.calls import turn
from bench.calls.figures import figures_of, share, turn_targets, why_void
from bench.calls.records import RawFile
from bench.calls.rig import open_rig
from bench.calls.settings import CallBenchSettings
from bench.calls.stages import STAGES
from bench.result import Target
from caller.measure import percentile
from caller.priority import raise_priority

__all__ = ["BENCHES", "Outcome"]

Tell = Callable[[str], None]

NICE = -10


@dataclass
class Outcome:
    """What a bench found; `void` says why it says nothing about the system."""

    void: str | None = None
    targets: list[Target] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


async def run_turn(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Outcome:
    """Turns of each side, interleaved."""
    async with open_rig(settings, tell) as rig:
        # Now that everything is started: children would inherit it.
        raise_priority(NICE)
        lines = await turn.measure(rig, raw, tell)
    lags = [line["send_lag_p99_ms"] for line in lines if "send_lag_p99_ms" in line]
    return Outcome(
        void=why_void(lines, lags, settings.send_lag_limit_ms),
        targets=turn_targets(lines, settings.sides),
        tables=[latency_table(lines, settings.sides), stages_table(lines, settings.sides)],
    )


def latency_table(lines: Sequence[Mapping[str, Any]], sides: Sequence[str]) -> Table:
    """Turn latencies and what went wrong, a row a side."""
    table = Table(title="Turn latency, ms")
    for name in ("side", "turns", "missed", "false starts", "p50", "p95", "p99", "≤ 0.8 s"):
        table.add_column(name)
    for name in ("≤ 1.5 s", "WER", "barge-in stop p50", "barge-ins missed", "noises that cut"):
        table.add_column(name)
    for side in sides:
        found = figures_of(lines, side)
        table.add_row(
            side,
            str(found.turns),
            str(found.missed),
            str(found.false_starts),
            *(_ms(found.p(p)) for p in (50, 95, 99)),
            share(found.within(800)),
            share(found.within(1500)),
            share(found.wer),
            _ms(percentile(found.stops, 50)),
            f"{found.barge_ins_missed} of {found.barge_ins}",
            f"{found.noises_cut} of {found.noises}",
        )
    return table


def stages_table(lines: Sequence[Mapping[str, Any]], sides: Sequence[str]) -> Table:
    """Median of each stage, a row a side."""
    table = Table(title="Stages, p50, ms (the residual: p95 of its size)")
    table.add_column("side")
    for name in STAGES:
        table.add_column(name.removesuffix("_ms").replace("_", " "))
    table.add_column("residual")
    table.add_column("unexplained")
    for side in sides:
        found = figures_of(lines, side)
        medians = [percentile(found.stages[name], 50) for name in STAGES]
        table.add_row(side, *map(_ms, medians), _ms(found.residual(95)), str(found.unexplained))
    return table


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


Bench = Callable[[CallBenchSettings, RawFile, Tell], Coroutine[None, None, Outcome]]

BENCHES: Mapping[str, Bench] = {
    "turn": run_turn,
}
