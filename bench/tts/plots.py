"""Pictures of a run, beside its raw lines."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.tts.run import OURS, PEER, Run
from bench.tts.texts import SENTENCES

mpl.use("agg")
COLORS = {OURS: "#0b6e4f", PEER: "#b5651d"}


def draw(run: Run, folder: Path, stem: str) -> list[Path]:
    """Draw what was measured; gives the files."""
    drawn: list[Path] = []
    parts = {line["part"] for line in run.lines}
    for part, paint in _PAINTERS.items():
        if part not in parts:
            continue
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        paint(run, axes)
        axes.grid(alpha=0.3)
        path = folder / f"{stem}-{part}.svg"
        figure.savefig(path, metadata={"Date": None})
        drawn.append(path)
    return drawn


def _length(run: Run, axes: Axes) -> None:
    for server in (OURS, PEER):
        points = [
            (run.p50("length", server, name, "audio_s"), run.p50("length", server, name))
            for name in SENTENCES
        ]
        known = [(x, y) for x, y in points if x is not None and y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), marker="o", color=COLORS[server], label=server)
    axes.set(
        title="First audible sample by length of one sentence",
        xlabel="length of the sound, s",
        ylabel="p50, s",
        ylim=(0, None),
    )
    axes.legend()


def _callers(run: Run, axes: Axes) -> None:
    for server in (OURS, PEER):
        points = [(int(name), run.p50("callers", server, name)) for name in run.names("callers")]
        known = [(x, y) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), marker="o", color=COLORS[server], label=server)
    axes.set(
        title="First audible sample, a sentence of 4 s asked for at the same moment",
        xlabel="callers",
        ylabel="p50, s",
        ylim=(0, None),
    )
    axes.legend()


def _sweep(run: Run, axes: Axes) -> None:
    names = run.names("sweep")
    counts = [int(name) for name in names]
    for label, give in (("p50", run.p50), ("p95", run.p95)):
        axes.plot(
            counts, [give("sweep", OURS, name) or 0.0 for name in names], marker="o", label=label
        )
    for name in names:
        gaps = sum(run.values("sweep", OURS, name, "underruns"))
        axes.annotate(f"{gaps:.0f} gaps", (int(name), 0), xytext=(0, 4), textcoords="offset points")
    axes.set(
        title="Callers who listen all the time: first audible sample",
        xlabel="callers",
        ylabel="s",
        ylim=(0, None),
    )
    axes.legend()


def _memory(run: Run, axes: Axes) -> None:
    axes.plot(
        run.values("memory", OURS, "sizes", "requests"), run.values("memory", OURS, "sizes", "mb")
    )
    axes.axhline(450, color="#999999", linestyle="--")
    axes.set(
        title="Resident memory over requests of up to 6,000 characters",
        xlabel="requests",
        ylabel="MB",
        ylim=(0, None),
    )


_PAINTERS = {"length": _length, "callers": _callers, "sweep": _sweep, "memory": _memory}
