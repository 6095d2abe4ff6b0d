"""`python -m bench.calls turn`: one bench of whole calls from its start to its result line."""

import argparse
import asyncio
import sys
import time

from rich.console import Console
from rich.markup import escape

from bench.calls.network import NetworkError
from bench.calls.records import RawFile, busy_share
from bench.calls.rig import RigError
from bench.calls.runs import BENCHES, Outcome
from bench.calls.settings import CallBenchSettings
from bench.peers import PeerError
from bench.result import Result, commit
from caller.errors import CallerError
from stack.errors import StackError


def main() -> int:
    """Measure, print, and end with the result line; 1 when the run is void."""
    parser = argparse.ArgumentParser(prog="bench.calls", description=__doc__)
    parser.add_argument("bench", choices=BENCHES)
    name = parser.parse_args().bench
    settings = CallBenchSettings()
    console = Console(width=None if sys.stdout.isatty() else 140)
    start_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - start_s:7.1f} s[/dim]  {escape(text)}")
        sys.stdout.flush()

    busy = busy_share()
    with RawFile(name, settings, busy_before=round(busy, 3)) as raw:
        try:
            outcome = asyncio.run(BENCHES[name](settings, raw, tell))
        except (CallerError, StackError, RigError, NetworkError, PeerError) as error:
            outcome = Outcome(void=str(error))
        if busy > settings.busy_limit and outcome.void is None:
            outcome.void = f"others took {busy:.0%} of the machine before the run"
        raw.write("end", void=outcome.void, **outcome.figures)
    for table in outcome.tables:
        console.print(table)
    if outcome.void:
        console.print(f"[red]void:[/red] {escape(outcome.void)}")
    console.print(f"raw figures in {raw.path}", highlight=False)
    result = Result(
        bench=name, commit=commit(), void=outcome.void is not None, targets=outcome.targets
    )
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if outcome.void else 0


if __name__ == "__main__":
    sys.exit(main())
