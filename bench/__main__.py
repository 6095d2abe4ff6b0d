"""`python -m bench`: turn latency of conversations with the running stack."""

import asyncio
import json
import sys
import time

from rich.console import Console
from rich.markup import escape

from bench.result import Machine, Result, commit
from bench.settings import BenchSettings
from bench.turns import Run, measure_turns
from caller.errors import CallerError
from caller.priority import raise_priority
from caller.report import latency_table
from caller.settings import CallerSettings


def main() -> int:
    """Measures, prints, and ends with the result line; 1 when the run is void."""
    bench = BenchSettings()
    settings = CallerSettings()
    if "room_prefix" not in settings.model_fields_set:
        settings = settings.model_copy(update={"room_prefix": "bench"})
    raise_priority(settings.nice)
    console = Console(width=None if sys.stdout.isatty() else 120)
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {escape(text)}")

    try:
        run = asyncio.run(measure_turns(settings, bench, tell))
    except CallerError as error:
        run = Run(failures=[str(error)])
        console.print(f"[red]{escape(str(error))}[/red]")
    _write(bench, run)
    console.print(latency_table(run.turns))
    for line in (*run.missed, *run.failures):
        console.print(f"[red]failed[/red] {escape(line)}")
    why = run.void(bench.send_lag_limit_ms)
    if why:
        console.print(f"[red]void:[/red] {escape(why)}")
    console.print(f"{len(run.turns)} turns; raw figures in {bench.output}", highlight=False)
    result = Result(bench="turn", commit=commit(), void=why is not None, targets=run.targets())
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if why else 0


def _write(bench: BenchSettings, run: Run) -> None:
    bench.output.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "machine": Machine.read().model_dump(),
        "commit": commit(),
        "settings": bench.model_dump(mode="json", exclude={"output"}),
        "missed": run.missed,
        "failures": run.failures,
    }
    lines = [json.dumps(head), *(turn.model_dump_json() for turn in run.turns)]
    bench.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
