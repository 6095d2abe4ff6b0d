"""`python -m bench.tts.page RAW…`: writes docs/benchmarks/tts.md from the raw lines of runs.

The raw lines are kept beside it, so that every figure can be computed again.
"""

import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.tts.plots import draw
from bench.tts.report import tables, targets
from bench.tts.run import Run
from bench.tts.settings import TtsBenchSettings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"

_PLACES = ("speech_data", "peer_environment", "output")
"""Settings that say where things are on one machine."""


def read(paths: list[Path]) -> tuple[list[dict[str, Any]], Run]:
    """Read runs of different parts as one; gives what each said of itself, and all lines."""
    heads: list[dict[str, Any]] = []
    run = Run(TtsBenchSettings(), lambda text: None)
    for path in paths:
        for raw in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(raw)
            if "part" in line:
                run.lines.append(line)
            else:
                for name in _PLACES:
                    line.get("settings", {}).pop(name, None)
                heads.append(line)
    return heads, run


def render(heads: list[dict[str, Any]], run: Run, plots: list[Path]) -> str:
    """Write the page."""
    machine = heads[0]["machine"]
    found = targets(run)
    *details, summary = tables(run, found)
    measured = ", ".join(
        f"{' '.join(head['others'])} at {head['commit']} "
        f"(others took {max(head['others'].values(), default=0):.1%} of the machine)"
        for head in heads
    )
    parts = [
        "# Synthesis, measured",
        "Written by `python -m bench.tts.page` from `tts.jsonl`, the raw lines of "
        "`make bench-tts`.",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux "
        f"{machine['kernel']}, Python {machine['python']}. Voice {run.settings.voice}, "
        f"{run.settings.threads} threads for both servers. Parts: {measured}.",
        "The peer is Piper's own HTTP server (`python -m piper.http_server`) in an environment of "
        "its own, with the versions of Piper and ONNX Runtime that this project has locked. Both "
        "are asked in turn within one run: ratios count, the seconds are this machine's. Each of "
        "our requests has a seed of its own, so that none is answered from memory. Audible is the "
        "first sample over -50 dB of full scale. An underrun is a player that starts at the first "
        "sample, buffers 0.1 s and runs dry.",
        "## Must reach",
        markdown(summary),
        *(f"## {table.title}\n\n{markdown(table)}" for table in details),
        "## Pictures",
        *(f"![{path.stem}]({path.name})" for path in plots),
    ]
    return "\n\n".join(parts) + "\n"


def markdown(table: Table) -> str:
    """Write a table for people as markdown."""
    rows = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    heads = [_plain(column.header) or " " for column in table.columns]
    lines = [heads, ["---"] * len(heads), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(cell: object) -> str:
    return Text.from_markup(str(cell)).plain


def main() -> None:
    """Write page, raw lines and pictures."""
    heads, run = read([Path(name) for name in sys.argv[1:]])
    FOLDER.mkdir(parents=True, exist_ok=True)
    raw = "".join(json.dumps(line) + "\n" for line in (*heads, *run.lines))
    (FOLDER / "tts.jsonl").write_text(raw, encoding="utf-8")
    page = render(heads, run, draw(run, FOLDER, "tts"))
    (FOLDER / "tts.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
