"""`python -m bench.stt`: streamed recognition beside plain faster-whisper and WhisperLive.

Each part writes its raw figures into a file; tables, plots and targets are made of the files of
the same commit that are there, so that parts may be measured one at a time (`PARTS=alone,peer`).
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from bench.peers.errors import PeerError
from bench.result import Machine, Result, commit
from bench.stt import figures, parts, plots, records, tables
from bench.stt.clips import load_clips
from bench.stt.scenes import Bench
from bench.stt.settings import SttBenchSettings
from caller.priority import raise_priority

NICE = -5
LATE_SHARE = 0.01
"""Share of messages that may leave too late: the 99th percentile is at the limit then."""


def main() -> int:
    """Measure, print, and end with the result line; 1 when the run is void."""
    settings = SttBenchSettings()
    raise_priority(NICE)
    console = Console(width=None if sys.stdout.isatty() else 140)
    if not (settings.speech_data / "details.tsv").is_file():
        console.print(f"[red]no recordings at {settings.speech_data}; SPEECH_DATA names them[/red]")
        return 1
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {escape(text)}")

    missing = asyncio.run(
        _measure(settings, Bench(settings, load_clips(settings.speech_data), tell))
    )
    found = records.read(settings.output, commit())
    targets = figures.targets(found)
    sheets = tables.sheets(found, targets)
    for sheet in sheets:
        console.print(sheet.rich())
    plots.draw(found, settings.output)
    report = "\n\n".join(sheet.markdown() for sheet in sheets)
    (settings.output / "report.md").write_text(f"{report}\n", encoding="utf-8")
    for problem in missing:
        console.print(f"[red]not measured:[/red] {escape(problem)}")
    void = found.late_share > LATE_SHARE or bool(missing)
    if found.late_share > LATE_SHARE:
        limit = f"{settings.send_lag_limit_ms:g} ms"
        console.print(
            f"[red]void:[/red] {found.late_share:.1%} of the messages left over {limit} late"
        )
    console.print(f"raw figures, tables and plots in {settings.output}", highlight=False)
    result = Result(bench="stt", commit=commit(), void=void, targets=targets)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if void else 0


async def _measure(settings: SttBenchSettings, bench: Bench) -> list[str]:
    """Measure the parts; gives what could not be."""
    missing: list[str] = []
    for part in settings.parts:
        began = datetime.now(UTC)
        try:
            lines = await parts.RUN[part](bench)
        except PeerError as error:
            missing.append(f"{part}: {error}")
            continue
        head = records.Head(
            part=part,
            commit=commit(),
            machine=Machine.read(),
            began=began.isoformat(timespec="seconds"),
            settings=settings.model_dump(mode="json", exclude={"output", "speech_data"}),
        )
        records.write(settings.output / f"{part}.jsonl", head, lines)
    return missing


if __name__ == "__main__":
    sys.exit(main())
