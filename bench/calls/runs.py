"""The benches of whole calls by name: each measures, and gives figures, tables and targets."""

import gc
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from bench.calls import load, net, soak, streams, turn
from bench.calls.figures import figures_of, share, turn_targets, why_void
from bench.calls.load_figures import load_targets, overload_of, points_of, soak_targets
from bench.calls.records import RawFile
from bench.calls.rig import open_rig
from bench.calls.settings import CallBenchSettings
from bench.calls.stages import STAGES
from bench.calls.streams import KINDS
from bench.result import Target
from caller.measure import percentile
from caller.priority import go_first

__all__ = ["BENCHES", "Outcome"]

Tell = Callable[[str], None]

SWITCH_S = 0.0005
"""How long another thread of the callers' may hold the interpreter."""


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
        _go_ahead()
        lines = await turn.measure(rig, raw, tell)
    return Outcome(
        void=why_void(lines, _lags(lines), settings.send_lag_limit_ms),
        targets=turn_targets(lines, settings.sides),
        tables=[latency_table(lines, settings.sides), stages_table(lines, settings.sides)],
    )


async def run_load(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Outcome:
    """Calls at once of each side, then calls that arrive."""
    async with open_rig(settings, tell) as rig:
        _go_ahead()
        lines = await load.measure(rig, raw, tell)
    # Beyond what is carried, calls that cannot be held are a result and no broken measurement,
    # and callers who share the machine are late: those points do not count, and are told.
    few = [line for line in lines if line.get("calls") == min(settings.calls)]
    return Outcome(
        void=why_void(few, _lags(few), settings.send_lag_limit_ms),
        targets=load_targets(
            lines, settings.sides, settings.load_limit_s, settings.send_lag_limit_ms
        ),
        tables=[load_table(lines, settings.sides)],
    )


async def run_streams(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Outcome:
    """Bare streams beyond what a server takes."""
    lines = await streams.measure(settings, raw, tell)
    found = [t for t in load_targets(lines, (), 0, 0) if t.name.startswith(tuple(KINDS))]
    void = None if all(overload_of(lines, w).accepted for w in KINDS) else "nothing served"
    return Outcome(void=void, targets=found, tables=[streams_table(lines)])


async def run_soak(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Outcome:
    """Calls for a long time."""
    settings = settings.model_copy(update={"sides": ("ours",)})
    os.environ.setdefault("SPEECH_TTS_RECORDINGS_SECONDS", str(soak.STORE_S))
    async with open_rig(settings, tell) as rig:
        _go_ahead()
        lines = await soak.measure(rig, raw, tell)
    return Outcome(
        void=why_void(lines, _lags(lines), settings.send_lag_limit_ms),
        targets=soak_targets(lines),
        tables=[latency_table(lines, settings.sides)],
    )


async def run_net(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Outcome:
    """The same turns over worse and worse networks."""
    settings = settings.model_copy(update={"sides": ("ours",)})
    lines = await net.measure(settings, raw, tell)
    return Outcome(
        void=why_void(lines, _lags(lines), settings.send_lag_limit_ms),
        targets=[t for t in turn_targets(lines, ()) if t.name in ("missed turns", "false starts")],
        tables=[net_table(lines)],
    )


def net_table(lines: Sequence[Mapping[str, Any]]) -> Table:
    """Turns over each network, a row each."""
    table = Table(title="Turns over a network")
    for name in ("network", "delay, ms", "jitter, ms", "lost", "turns", "missed", "p50", "p95"):
        table.add_column(name)
    for way in (line for line in lines if line["kind"] == "network"):
        mine = [x for x in lines if x.get("network") == way["network"] and x["kind"] == "turn"]
        found = figures_of(mine, "ours")
        table.add_row(
            way["network"],
            f"{way['delay_ms']:g}",
            f"{way['jitter_ms']:g}",
            share(way["lost"] / max(1, way["packets"])),
            str(found.turns),
            str(found.missed),
            _ms(found.p(50)),
            _ms(found.p(95)),
        )
    return table


def _go_ahead() -> None:
    """Let the callers go first; now that everything is started, as children would inherit it."""
    # A collection of all that was recorded holds up the microphones for longer than a frame.
    gc.collect()
    gc.freeze()
    gc.disable()
    go_first()
    # Figures are made beside the microphones, which must not wait for the interpreter's lock.
    sys.setswitchinterval(SWITCH_S)


def _lags(lines: Sequence[Mapping[str, Any]]) -> list[float]:
    return [line["send_lag_p99_ms"] for line in lines if "send_lag_p99_ms" in line]


def load_table(lines: Sequence[Mapping[str, Any]], sides: Sequence[str]) -> Table:
    """The sweep, a row a point."""
    table = Table(title="Calls at once")
    for name in ("side", "calls", "turns", "missed", "p50", "p95", "CPU-s a call minute"):
        table.add_column(name)
    table.add_column("callers late by, ms (p99 of a turn, p95)")
    for side in sides:
        for point in points_of(lines, side):
            table.add_row(
                side,
                str(point.calls),
                str(point.found.turns),
                str(point.found.missed),
                _ms(point.found.p(50)),
                _ms(point.found.p(95)),
                "–" if point.cpu_s is None else f"{point.cpu_s:.1f}",
                "–" if point.lag_ms is None else f"{point.lag_ms:.1f}",
            )
    return table


def streams_table(lines: Sequence[Mapping[str, Any]]) -> Table:
    """Bare streams at 120 %, a row a kind."""
    table = Table(title="Bare streams at 120 % of a server's places")
    for name in ("kind", "arrived", "refused", "slowest refusal, ms", "other errors"):
        table.add_column(name)
    for name in ("p95 when full, ms", "p95 of the accepted, ms", "recovery, s"):
        table.add_column(name)
    for what in KINDS:
        over = overload_of(lines, what)
        table.add_row(
            what,
            str(over.arrived),
            str(len(over.refusals_ms)),
            _ms(max(over.refusals_ms, default=None)),
            str(over.other_errors),
            _ms(percentile(over.full, 95)),
            _ms(percentile(over.accepted, 95)),
            "–" if over.recovery_s is None else f"{over.recovery_s:.1f}",
        )
    return table


def latency_table(lines: Sequence[Mapping[str, Any]], sides: Sequence[str]) -> Table:
    """Turn latencies and what went wrong, a row a side."""
    table = Table(title="Turn latency, ms")
    for name in (
        "side",
        "turns",
        "missed",
        "false starts",
        "begun anew",
        "p50",
        "p95",
        "p99",
        "≤ 0.8 s",
    ):
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
            str(found.restarted),
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
    "load": run_load,
    "streams": run_streams,
    "soak": run_soak,
    "net": run_net,
}
