"""The plots as SVG, the same bytes from the same raw files."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from bench.calls.figures import figures_of
from bench.calls.load_figures import points_of
from bench.calls.stages import STAGES
from bench.report.runs import Group, Run, groups
from caller.measure import percentile

__all__ = ["render"]

_STYLE: Any = {
    "svg.hashsalt": "trinity",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def is_ours(name: str) -> bool:
    """Tell whether a plot is of this report; other benches keep theirs in the same folder."""
    return name.startswith(tuple(f"{bench}-" for bench in _kinds()))


def _kinds() -> Mapping[str, Callable[[Group], Any]]:
    return {"turn": _turn, "load": _load, "soak": _soak}


def render(runs: Sequence[Run]) -> dict[str, bytes]:
    """Give each plot's file name and content."""
    found = {}
    with mpl.rc_context(_STYLE):
        for bench, draw in _kinds().items():
            for group in groups(runs, bench):
                figure = draw(group)
                buffer = io.BytesIO()
                figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
                plt.close(figure)
                found[f"{bench}-{group.label or 'run'}.svg"] = buffer.getvalue()
    return found


def _turn(group: Group) -> Any:
    """Distribution of the latency, and the median stages beside it."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), width_ratios=(3, 4))
    for side in group.sides:
        values = sorted(figures_of(group.lines, side).latencies)
        if values:
            shares = [(n + 1) / len(values) for n in range(len(values))]
            left.step(values, shares, where="post", label=side)
    left.set(xlabel="turn latency, ms", ylabel="part of the turns", xlim=(0, None), ylim=(0, 1))
    left.legend(frameon=False)
    colors = plt.get_cmap("tab10").colors  # type: ignore[attr-defined]
    for row, side in enumerate(group.sides):
        at = 0.0
        stages = figures_of(group.lines, side).stages
        for color, name in zip(colors, STAGES, strict=False):
            width = max(0.0, percentile(stages[name], 50) or 0.0)
            label = name.removesuffix("_ms").replace("_", " ") if row == 0 else None
            right.barh(row, width, left=at, color=color, label=label)
            at += width
    right.set_yticks(range(len(group.sides)), group.sides)
    right.invert_yaxis()
    right.set(xlabel="median of each stage, ms")
    right.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure


def _load(group: Group) -> Any:
    """p50 and p95 against calls at once."""
    figure, axes = plt.subplots(figsize=(6, 3.2))
    for side in group.sides:
        points = points_of(group.lines, side)
        for share, style in ((50, "--"), (95, "-")):
            values = [(point.calls, point.found.p(share)) for point in points]
            shown = [(calls, value) for calls, value in values if value is not None]
            if shown:
                axes.plot(*zip(*shown, strict=True), style, marker="o", label=f"{side} p{share}")
    limit_ms = group.settings["load_limit_s"] * 1000
    axes.axhline(limit_ms, color="grey", linewidth=0.8)
    axes.set(xlabel="calls at once", ylabel="turn latency, ms", ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return figure


def _soak(group: Group) -> Any:
    """Memory over time."""
    figure, axes = plt.subplots(figsize=(6, 3.2))
    samples = [line for line in group.lines if line["kind"] == "sample"]
    for name, label in (("speech_mb", "speech server"), ("agent_mb", "agent's worker")):
        axes.plot([s["at_s"] / 60 for s in samples], [s[name] for s in samples], label=label)
    axes.set(xlabel="minutes", ylabel="memory, MB", ylim=(0, None))
    axes.legend(frameon=False)
    return figure
