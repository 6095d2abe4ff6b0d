"""The figures as plots."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from bench.stt import figures
from bench.stt.records import Records


def draw(records: Records, folder: Path) -> list[Path]:
    """Draw what there are figures for; gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [path for path in (_delays(records, folder), _load(records, folder)) if path]


def _delays(records: Records, folder: Path) -> Path | None:
    """Share of complete texts against the time since the end of speech."""
    lines = {
        "ours, own endpoint": figures.delays(records.of("endpoint")),
        "ours, forced": figures.delays(records.of("forced")),
        "WhisperLive": figures.delays(records.of("endpoint", figures.PEER)),
        "faster-whisper, beam 5": figures.delays(records.of("finished", figures.BEAM5)),
    }
    if not any(lines.values()):
        return None
    figure, axes = plt.subplots(figsize=(7, 4))
    for label, seconds in lines.items():
        if seconds:
            ordered = np.sort(seconds)
            share = np.arange(1, len(ordered) + 1) / len(ordered)
            axes.step(ordered, share, where="post", label=label)
    axes.set(xlabel="seconds after the end of speech", ylabel="share of recordings", ylim=(0, 1))
    axes.set_xlim(left=0)
    axes.legend()
    axes.grid(alpha=0.3)
    return _save(figure, folder / "delays.svg")


def _load(records: Records, folder: Path) -> Path | None:
    """Delay against streams at once."""
    groups = figures.scenes(records, lambda one: one.scene in ("continuous", "calls"))
    if not groups:
        return None
    figure, axes = plt.subplots(figsize=(7, 4))
    for scene, system in dict.fromkeys(key[:2] for key in groups):
        points = sorted(
            (key[2], figures.delays(heard))
            for key, heard in groups.items()
            if key[:2] == (scene, system) and figures.delays(heard)
        )
        for percent, style in ((50, "--"), (95, "-")):
            axes.plot(
                [streams for streams, _ in points],
                [figures.percentile(seconds, percent) or 0.0 for _, seconds in points],
                style,
                marker="o",
                label=f"{system}, {scene}, p{percent}",
            )
    axes.axhline(figures.TOO_LATE_S, color="grey", linewidth=1)
    axes.set(xlabel="streams at once", ylabel="seconds after the end of speech", yscale="log")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    return _save(figure, folder / "load.svg")


def _save(figure: Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
    return path
