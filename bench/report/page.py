"""The page, section by section; a section without a raw file says that it was not measured."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.calls.ageing import ageing, pairs_of
from bench.calls.figures import bootstrap, figures_of, share
from bench.calls.load_figures import load_targets, overload_of, points_of, soak_targets
from bench.calls.sides import SIDES
from bench.calls.soak import drift, machine_drift, slope_per_hour
from bench.calls.stages import STAGES
from bench.report.runs import Group, Run, groups
from bench.result import Target
from caller.measure import percentile

__all__ = ["render"]

_HEAD = """# Benchmarks

Written by `make bench-report` from the raw files in `bench/results/`; do not edit. Each raw file \
holds every turn with its machine, versions, settings and commit.

Turn latency is the time from the last voiced sample that a caller sends to the first voiced \
sample of the answer that it receives, both by the energy of the sound, on one clock, in a real \
room. Percentiles are of pooled raw values; p95 of fewer than 100 turns and p99 of fewer than 300 \
are little more than the slowest ones. The scripted model gives its first word after 200 ms and 30 \
words a second, and never the same reply twice. What was measured last comes first.
"""

STREAMS = {
    "stt": "recognition",
    "tts": "synthesis",
    "mixed stt": "recognition, beside as much synthesis",
    "mixed tts": "synthesis, beside as much recognition",
}

_LATENCY_HEADS = (
    *("", "turns", "missed", "false starts", "begun anew"),
    *("p50 ms", "p95", "p99", "≤ 0.8 s", "≤ 1.5 s"),
    *("WER", "p50 to ours"),
)


def render(runs: Sequence[Run], root: Path) -> str:
    """Write the page.

    Args:
        runs: All raw files.
        root: From which their paths are told.
    """
    parts = [_HEAD, _machines(runs)]
    parts += ["## Turns", *_turns(groups(runs, "turn"))]
    parts += ["## Calls at once", *_load(groups(runs, "load"))]
    parts += ["## Bare streams beyond what a server takes", *_streams(groups(runs, "streams"))]
    parts += ["## Soak", *_soak(groups(runs, "soak"))]
    parts += ["## Over a bad network", *_net(groups(runs, "net"))]
    parts += ["## Raw files", _files(runs, root)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _machines(runs: Sequence[Run]) -> str:
    machines = dict.fromkeys(
        f"{run.head['machine']['cores']} cores of {run.head['machine']['cpu']}, "
        f"{run.head['machine']['memory_gb']:g} GB, Linux {run.head['machine']['kernel']}, "
        f"Python {run.head['machine']['python']}"
        for run in runs
    )
    if not machines:
        return "Nothing has been measured yet."
    versions = runs[-1].head["versions"]
    told = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"Machine: {'; '.join(machines)}. Versions: {told}."


def _turns(found: Sequence[Group]) -> Iterable[str]:
    if not found:
        yield "Not measured yet: `make bench-turn`."
    for group in found:
        yield f"### {_title(group)}"
        yield _about(group)
        yield _table(
            _LATENCY_HEADS,
            (_turn_row(group, side) for side in group.sides),
        )
        yield "Median of each stage in milliseconds (the residual: p95 of its size):"
        yield _table(
            ["", *map(_stage, STAGES), "residual", "turns without stages"],
            (_stage_row(group, side) for side in group.sides),
        )
        rows = [row for side in group.sides if (row := _barge_row(group, side))]
        if rows:
            heads = ["", "barge-in stop p50 ms", "p95", "not stopped", "noises that cut"]
            yield _table([*heads, "noises that paused"], rows)
        yield f"![Turn latency](benchmarks/turn-{group.label or 'run'}.svg)"
    if found:
        told = "; ".join(f"{_stage(name)}: {text}" for name, text in STAGES.items())
        yield f"The stages: {told}."


def _turn_row(group: Group, side: str) -> list[str]:
    found, ours = figures_of(group.lines, side), figures_of(group.lines, "ours")
    ratio = bootstrap(ours.latencies, found.latencies) if side != "ours" else None
    return [
        SIDES[side].title,
        str(found.turns),
        str(found.missed),
        str(found.false_starts),
        str(found.restarted),
        *(_ms(found.p(p)) for p in (50, 95, 99)),
        share(found.within(800)),
        share(found.within(1500)),
        "–" if found.wer is None else f"{found.wer:.1%}",
        "" if ratio is None else f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})",
    ]


def _stage_row(group: Group, side: str) -> list[str]:
    found = figures_of(group.lines, side)
    medians = [_ms(percentile(found.stages[name], 50)) for name in STAGES]
    return [SIDES[side].title, *medians, _ms(found.residual(95)), str(found.unexplained)]


def _barge_row(group: Group, side: str) -> list[str]:
    found = figures_of(group.lines, side)
    if not found.barge_ins and not found.noises:
        return []
    return [
        SIDES[side].title,
        _ms(percentile(found.stops, 50)),
        _ms(percentile(found.stops, 95)),
        f"{found.barge_ins_missed} of {found.barge_ins}",
        f"{found.noises_cut} of {found.noises}",
        f"{found.noises_paused} of {found.noises}",
    ]


def _load(found: Sequence[Group]) -> Iterable[str]:
    if not found:
        yield "Not measured yet: `make bench-load`."
    for group in found:
        yield f"### {_title(group)}"
        yield _about(group)
        rows = []
        for side in group.sides:
            for point in points_of(group.lines, side):
                found_here = point.found
                counts = map(str, (point.calls, found_here.turns, found_here.missed))
                times = map(_ms, (found_here.p(50), found_here.p(95)))
                spent = "–" if point.cpu_s is None else f"{point.cpu_s:.1f}"
                late = "–" if point.lag_ms is None else f"{point.lag_ms:.1f}"
                rows.append([SIDES[side].title, *counts, *times, spent, late])
        heads = ["", "calls", "turns", "missed", "p50 ms", "p95", "CPU-s a call minute"]
        yield _table([*heads, "callers late by, ms"], rows)
        limits = (group.settings["load_limit_s"], group.settings["send_lag_limit_ms"])
        yield (
            "How late the callers' own frames left: the 99th percentile of a turn, p95 of all. "
            f"They share the machine; of ours, a point above {limits[1]:g} ms does not count."
        )
        yield _targets(load_targets(group.lines, group.sides, *limits))
        yield from _open(group)
        yield f"![Calls at once](benchmarks/load-{group.label or 'run'}.svg)"


def _open(group: Group) -> Iterable[str]:
    loads = sorted({line["load"] for line in group.lines if "load" in line})
    rows = []
    for load in loads:
        mine = [line for line in group.lines if line.get("load") == load]
        calls = [line for line in mine if line["kind"] == "call"]
        taken, probe = figures_of(mine, "open"), figures_of(mine, "probe")
        refused = [line for line in calls if "refused" in line]
        told = sum(line.get("told", False) for line in refused)
        waited = [x["queued_s"] for x in calls if "refused" not in x and x.get("queued_s", 0) > 0]
        limit_ms = group.settings["load_limit_s"] * 1000
        soon = sum(value <= limit_ms for value in taken.latencies)
        good = soon * 60 / group.settings["open_seconds"]
        longest = f"{len(waited)} (at most {max(waited):.0f} s)" if waited else "0"
        lost = map(str, (told, len(refused) - told, taken.turns, taken.missed))
        times = map(_ms, (taken.p(50), taken.p(95), probe.p(95)))
        rows.append([f"{load:.0%}", str(len(calls)), longest, *lost, *times, f"{good:.1f}"])
    if rows:
        yield "Calls that arrive by themselves (Poisson), of the capacity above, with a probe call:"
        heads = ["load", "calls", "waited in the queue", "told to call again", "without an agent"]
        heads += ["turns", "missed", "p50 ms", "p95"]
        yield _table([*heads, "probe p95", "turns in time a minute"], rows)


def _streams(found: Sequence[Group]) -> Iterable[str]:
    if not found:
        yield "Not measured yet: `make bench-load`."
    for group in found:
        yield _about(group)
        rows = []
        for what, title in STREAMS.items():
            over = overload_of(group.lines, what)
            if not over.arrived:
                continue
            refused = over.refusals_ms
            counts = map(str, (over.arrived, len(refused), over.other_errors))
            times = (percentile(refused, 50), max(refused, default=None))
            p95s = (percentile(over.full, 95), percentile(over.accepted, 95))
            recovery = "–" if over.recovery_s is None else f"{over.recovery_s:.2f}"
            rows.append([title, *counts, *map(_ms, (*times, *p95s)), recovery])
        heads = ["at 120 %", "arrived", "refused", "failed", "refusal p50 ms", "slowest"]
        yield _table([*heads, "p95 when full ms", "p95 of the accepted", "recovery s"], rows)


def _soak(found: Sequence[Group]) -> Iterable[str]:
    if not found:
        yield "Not measured yet: `make bench-soak`."
    for group in found:
        yield f"### {_title(group)}"
        yield _about(group)
        minutes, calls = (group.settings[name] for name in ("soak_minutes", "soak_calls"))
        ours = figures_of(group.lines, "ours")
        yield (
            f"{minutes:g} minutes with {calls} calls: {ours.turns} turns, {ours.missed} missed, "
            f"p50 {_ms(ours.p(50))} ms, p95 {_ms(ours.p(95))} ms. Slopes are of the times at "
            "which all calls had ended, where there are enough, else of the least of each minute."
        )
        lines = [dict(line) for line in group.lines]
        for part in ("speech", "agent"):
            if slope := slope_per_hour(lines, f"{part}_mb"):
                yield f"The slope of the memory ({part}) is uncertain by {slope[1]:.1f} MB/h."
        if beside := ageing(lines):
            yield (
                f"Beside a stack just started, in {len(pairs_of(lines))} pairs of turns, its p95 "
                f"is {beside[0]:+.0%}, between {beside[1]:+.0%} and {beside[2]:+.0%} by 95 %; the "
                "figure below is that."
            )
        if slower := drift(lines):
            yield (
                f"The drift of p95 between its halves is {slower[0]:.0%}, between {slower[1]:.0%} "
                f"and {slower[2]:.0%} by 95 %."
            )
        if (machine := machine_drift(lines)) is not None:
            yield (
                f"The machine itself took {machine:+.0%} for the same computation in the second "
                "half; beyond 5 % the drift between the halves is not judged."
            )
        yield _targets(soak_targets(lines))
        yield f"![Memory](benchmarks/soak-{group.label or 'run'}.svg)"


def _net(found: Sequence[Group]) -> Iterable[str]:
    if not found:
        yield "Not measured yet: `make bench-net`."
    for group in found:
        yield _about(group)
        rows = []
        for way in (line for line in group.lines if line["kind"] == "network"):
            mine = [x for x in group.lines if x.get("network") == way["network"]]
            turns = figures_of(mine, "ours")
            lost = way["lost"] / max(1, way["packets"])
            network = [way["network"], f"{way['delay_ms']:g}", f"{way['jitter_ms']:g}"]
            counts = map(str, (turns.turns, turns.missed))
            wer = "–" if turns.wer is None else f"{turns.wer:.1%}"
            times = map(_ms, (turns.p(50), turns.p(95)))
            rows.append([*network, f"{lost:.1%}", *counts, *times, wer])
        heads = ["network", "delay ms, one way", "jitter ms", "lost", "turns", "missed"]
        yield _table([*heads, "p50 ms", "p95", "WER"], rows)


def _files(runs: Sequence[Run], root: Path) -> str:
    rows = []
    for run in runs:
        path = run.path.relative_to(root) if run.path.is_relative_to(root) else run.path
        told = f"void: {run.void}" if run.void else ""
        rows.append([f"`{path}`", run.bench, str(run.head["commit"]), told])
    return _table(["file", "bench", "commit", ""], rows)


def _about(group: Group) -> str:
    some = group.settings
    model = (
        f"scripted model ({some['llm_first_token_s']:g} s, {some['llm_rate']:g} words/s)"
        if some["llm"] == "scripted"
        else "real Ollama"
    )
    seeds = ", ".join(str(run.head["settings"]["seed"]) for run in group.runs)
    return (
        f"{model}; {some['threads']} threads; commit {', '.join(group.commits)}; "
        f"{len(group.runs)} runs, seeds {seeds}, the last on {group.latest:%Y-%m-%d}."
    )


def _title(group: Group) -> str:
    return group.label.replace("-", " ").capitalize() or "Run"


def _targets(found: Iterable[Target]) -> str:
    rows = [
        [t.name, "–" if t.value is None else f"{t.value:g} {t.unit}", t.target, _yes(t.ok)]
        for t in found
    ]
    return _table(["figure", "measured", "must reach", ""], rows)


def _stage(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ")


def _yes(ok: bool) -> str:
    return "yes" if ok else "**no**"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _ms(value: Any) -> str:
    return "–" if value is None else f"{value:.0f}"
