"""`python -m bench.stt`: streamed recognition beside plain faster-whisper, same weights."""

import asyncio
import json
import sys
import time

from rich.console import Console
from rich.table import Table

from bench.result import Machine, Result, Target, commit
from bench.stt.caller import Heard
from bench.stt.figures import delays, pairs_of, percentile, targets, wer_interval
from bench.stt.measure import Run, measure
from bench.stt.settings import SttBenchSettings
from caller.priority import raise_priority

NICE = -5


def main() -> int:
    """Measure, print, and end with the result line; 1 when the run is void."""
    settings = SttBenchSettings()
    raise_priority(NICE)
    console = Console(width=None if sys.stdout.isatty() else 120)
    if not (settings.speech_data / "details.tsv").is_file():
        console.print(f"[red]no recordings at {settings.speech_data}; SPEECH_DATA names them[/red]")
        return 1
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {text}")

    run = asyncio.run(measure(settings, tell))
    lag_ms = (percentile(run.lags_s, 99) or 0.0) * 1000
    void = lag_ms > settings.send_lag_limit_ms
    found = targets(run)
    _write(settings, run)
    for table in (_accuracy(run), _sweep(run), _use(run), _targets(found)):
        console.print(table)
    console.print("not measured here: WhisperLive's server, its figures are in the documentation")
    if void:
        console.print(f"[red]void:[/red] messages left {lag_ms:.1f} ms late at p99")
    console.print(f"raw figures in {settings.output}", highlight=False)
    result = Result(bench="stt", commit=commit(), void=void, targets=found)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if void else 0


def _write(settings: SttBenchSettings, run: Run) -> None:
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "machine": Machine.read().model_dump(),
        "commit": commit(),
        "settings": settings.model_dump(mode="json"),
        "cpu": run.cpu,
        "memory_mb": run.memory,
    }
    lines = "".join(json.dumps(line) + "\n" for line in (head, *run.lines))
    settings.output.write_text(lines, encoding="utf-8")


def _accuracy(run: Run) -> Table:
    table = Table("recordings", "way", "number", "WER %", "95 %", "p50 s", "p95 s", title="Words")

    def row(kind: str, way: str, pairs: list[tuple[str, str]], seconds: list[float]) -> None:
        rate, low, high = wer_interval(pairs)
        times = (percentile(seconds, 50), percentile(seconds, 95))
        shown = ("-" if value is None else f"{value:.2f}" for value in times)
        table.add_row(kind, way, str(len(pairs)), f"{rate:.1f}", f"{low:.1f} to {high:.1f}", *shown)

    scenes = {
        "endpoint": run.endpoint,
        "forced": run.forced,
        "finals only": run.finals_only,
        "long pauses": run.paused,
    }
    for way, heard in scenes.items():
        row("read", way, pairs_of(heard), delays(heard))
    for way, pairs in run.plain.items():
        row("read", f"plain, {way}", pairs, run.plain_s[way])
    for tag in sorted({one.tag for one in run.tagged}):
        heard = [one for one in run.tagged if one.tag == tag]
        row(tag, "endpoint", pairs_of(heard), delays(heard))
    return table


def _sweep(run: Run) -> Table:
    table = Table(
        "streams", "recordings", "errors", "WER %", "p50 s", "p95 s", title="Streams at once"
    )
    for streams, heard in sorted(run.sweep.items()):
        times = (percentile(delays(heard), 50), percentile(delays(heard), 95))
        table.add_row(
            str(streams),
            str(len(heard)),
            str(sum(bool(one.error) for one in heard)),
            f"{wer_interval(pairs_of(heard))[0]:.1f}",
            *("-" if value is None else f"{value:.2f}" for value in times),
        )
    return table


def _use(run: Run) -> Table:
    table = Table("", "", title="Use of the machine")
    for name, value in run.cpu.items():
        table.add_row(f"CPU-seconds a second of speech, {name}", f"{value:.2f}")
    for name, value in run.memory.items():
        table.add_row(f"memory, {name}", f"{value:.0f} MB")
    table.add_row("words of interims that changed", f"{_churn(run.endpoint):.1%}")
    return table


def _churn(heard: list[Heard]) -> float:
    words = sum(one.interim_words for one in heard)
    return sum(one.unstable_words for one in heard) / words if words else 0.0


def _targets(found: list[Target]) -> Table:
    table = Table("figure", "value", "must reach", "", title="Targets")
    for one in found:
        mark = "[green]yes[/green]" if one.ok else "[red]no[/red]"
        table.add_row(one.name, f"{one.value} {one.unit}", one.target, mark)
    return table


if __name__ == "__main__":
    sys.exit(main())
