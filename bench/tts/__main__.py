"""`python -m bench.tts`: synthesis beside Piper's own HTTP server."""

import asyncio
import json
import sys
import time

import psutil
from rich.console import Console
from rich.table import Table

from bench.result import Machine, Result, Target, commit, target
from bench.tts.measure import Run, measure
from bench.tts.settings import TtsBenchSettings
from bench.tts.texts import SENTENCES

FIRST_AUDIBLE_S = {"1.5 s": 0.09, "4 s": 0.11, "8 s": 0.17, "12 s": 0.25}
BUSY_LOAD = 0.5
"""Load by others for each core above which a run says nothing."""


def targets(run: Run) -> list[Target]:
    """Hold the figures against what must be reached."""
    found = [
        target(f"first audible, {name}", run.p50("length", "trinity", name), "s", "<=", limit)
        for name, limit in FIRST_AUDIBLE_S.items()
    ]
    for name in ("8 s", "12 s"):
        if any(line.get("server") == "piper http" for line in run.lines):
            ratio = run.p50("length", "piper http", name) / run.p50("length", "trinity", name)
            found.append(target(f"times faster than piper http, {name}", ratio, "", ">=", 3))
    found.append(
        target("first audible, clause", run.p50("length", "trinity", "clause"), "s", "<=", 0.12)
    )
    found.append(
        target(
            "clause's last token to sound", run.p50("tokens", "trinity", "tokens"), "s", "<=", 0.12
        )
    )
    for callers, limit in (("4", 0.30), ("8", 0.60)):
        value = run.p50("at once", "trinity", callers)
        found.append(target(f"first audible, {callers} at once", value, "s", "<=", limit))
    compute = sum(line["compute_s"] for line in run.lines if _is_alone(line))
    audio = sum(line["audio_s"] for line in run.lines if _is_alone(line))
    found.append(target("real-time factor alone", compute / audio, "", "<=", 0.085))
    rates = [
        line["audio_per_s"]
        for line in run.lines
        if (line["kind"], line.get("server"), line["name"]) == ("throughput", "trinity", "8")
    ]
    found.append(target("sound a second, 8 callers", max(rates), "s/s", ">=", 15))
    found.append(target("callers with no underrun", run.figures["capacity"], "", ">=", 10))
    worst = min(
        float(value) for row in run.exactness for name, value in row.items() if name.endswith("_db")
    )
    found.append(target("exactness, worst", worst, "dB", ">=", 90))
    found.append(
        target(
            "cancel to the last message",
            run.p50("cancel", "trinity", "cancel", "ended_s"),
            "s",
            "<=",
            0.06,
        )
    )
    found.append(target("memory", run.figures["memory_mb"], "MB", "<=", 450))
    return found


def main() -> int:
    """Measure, print, and end with the result line; 1 when the run is void."""
    settings = TtsBenchSettings()
    console = Console(width=None if sys.stdout.isatty() else 120)
    start_s = time.monotonic()
    load = psutil.getloadavg()[0] / (psutil.cpu_count() or 1)
    void = load > BUSY_LOAD

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {text}")

    run = asyncio.run(measure(settings, tell))
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    head = {"machine": Machine.read().model_dump(), "commit": commit(), "load_before": load}
    lines = [head, *run.lines, {"figures": run.figures, "exactness": run.exactness}]
    settings.output.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = targets(run)
    console.print(_lengths_table(run))
    console.print(_exactness_table(run))
    table = Table("figure", "value", "must reach", "", title="Targets")
    for one in found:
        mark = "[green]yes[/green]" if one.ok else "[red]no[/red]"
        table.add_row(one.name, f"{one.value} {one.unit}", one.target, mark)
    console.print(table)
    if void:
        console.print(f"[red]void:[/red] {load:.1f} of each core was busy before the run")
    console.print(f"raw figures in {settings.output}", highlight=False)
    result = Result(bench="tts", commit=commit(), void=void, targets=found)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if void else 0


def _is_alone(line: dict[str, object]) -> bool:
    return (line["kind"], line.get("server"), line["name"]) == ("length", "trinity", "paragraph")


def _lengths_table(run: Run) -> Table:
    table = Table("text", "server", "first byte", "first audible", "whole", title="Alone, p50, s")
    servers = sorted({line["server"] for line in run.lines if line["kind"] == "length"})
    for name in (*SENTENCES, "paragraph", "clause"):
        for server in servers:
            if name == "clause" and server != "trinity":
                continue
            values = (
                run.p50("length", server, name, value)
                for value in ("first_byte_s", "first_audible_s", "ended_s")
            )
            table.add_row(name, server, *(f"{value:.3f}" for value in values))
    return table


def _exactness_table(run: Run) -> Table:
    table = Table(
        "text", "whole", "seams", "tail", "in a batch", title="Against the whole graph, dB"
    )
    for row in run.exactness:
        values = (row[name] for name in ("whole_db", "seams_db", "tail_db", "batch_db"))
        table.add_row(str(row["text"]), *(f"{float(value):.1f}" for value in values))
    return table


if __name__ == "__main__":
    sys.exit(main())
