"""`python -m bench.tts [PART…]`: synthesis beside Piper's own HTTP server."""

import argparse
import asyncio
import json
import signal
import sys
import time

from rich.console import Console

from bench.result import Machine, Result, commit
from bench.tts.parts import PARTS, TIMED
from bench.tts.plots import draw
from bench.tts.report import tables, targets
from bench.tts.run import Run
from bench.tts.settings import TtsBenchSettings
from caller.priority import raise_priority

NICE = -5


def main() -> int:
    """Measure, print, and end with the result line; 1 when the run is void."""
    parser = argparse.ArgumentParser(prog="bench.tts", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    settings = TtsBenchSettings()
    raise_priority(NICE)
    # Ended from outside, it still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=None if sys.stdout.isatty() else 110)
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {text}", highlight=False)

    run = Run(settings, tell)
    for part in PARTS:
        if part in chosen:
            tell(part)
            with run.watching(part):
                asyncio.run(PARTS[part](run))
            _write(run)  # a part that breaks off takes no other with it
    found = targets(run)
    for table in tables(run, found):
        console.print(table)
    late = {part: share for part, share in run.others.items() if part in TIMED}
    void = any(share > settings.others_limit for share in late.values())
    for part, share in late.items():
        if share > settings.others_limit:
            console.print(f"[red]void:[/red] others took {share:.0%} of the machine during {part}")
    console.print(f"raw figures in {settings.output}", highlight=False)
    for path in draw(run, settings.output.parent, settings.output.stem):
        console.print(f"drawn {path}", highlight=False)
    result = Result(bench="tts", commit=commit(), void=void, targets=found)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if void else 0


def _write(run: Run) -> None:
    settings = run.settings
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "machine": Machine.read().model_dump(),
        "commit": commit(),
        "settings": settings.model_dump(mode="json"),
        "others": run.others,
    }
    lines = "".join(json.dumps(line) + "\n" for line in (head, *run.lines))
    settings.output.write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
