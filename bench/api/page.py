"""`python -m bench.api.page`: writes docs/benchmarks/api.md from the raw lines alone."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.api.records import Record

__all__ = ["PAGE", "RAW", "page"]

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT / "bench" / "results" / "api" / "tokens.jsonl"
PAGE = ROOT / "docs" / "benchmarks" / "api.md"
_BEGIN = """# Join tokens

Written by `python -m bench.api.page` from the raw lines in `bench/results/api/`; do not edit. \
`BENCH_API_OUTPUT=bench/results/api/tokens.jsonl make bench-api` adds a run.

The control API runs as in production, with API keys, rate limits and the audit log, on one core; \
who asks and Redis have the other. Requests are due at a fixed rate whether or not those before \
them have been answered, and their latency counts from then. Beside it, as peer, LiveKit's own \
library signs the same tokens in a loop on that core, without any API around.
"""
_HEAD = """
| commit | tokens/s, as many as can be had | must reach | of bare signing \
| p50 ms at the rate | p99 ms | must reach | slowest ms | of its core | others of it | failed \
| send-lag p99 ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def page(records: Sequence[Record]) -> str:
    """The page; runs that are void are not in its table."""
    valid = [each for each in records if not each.result.void]
    lines = [_BEGIN, *_machine(valid), _HEAD, *(_row(each) for each in valid)]
    if void := len(records) - len(valid):
        lines.append(f"\nVoid, and not in the table: {void}.\n")
    return "".join(lines)


def _machine(records: Sequence[Record]) -> Iterator[str]:
    yield from dict.fromkeys(
        f"\n{each.machine.cpu}, {each.machine.cores} cores, Python {each.machine.python}; "
        f"{each.settings['rate']:g} a second for {each.settings['seconds']:g} s over "
        f"{each.settings['connections']} connections.\n"
        for each in records
    )


def _row(record: Record) -> str:
    targets = {each.name: each for each in record.result.targets}
    rate, late = targets["tokens_rate_one_core"], targets["token_p99_at_200_per_s"]
    p50, p99 = np.percentile(record.latency_ms, [50, 99])
    cells = (
        record.result.commit,
        f"{record.full_rate:.0f}",
        _reached(rate.target, rate.ok),
        f"{record.full_rate / record.bare_rate:.0%}",
        f"{p50:.1f}",
        f"{p99:.1f}",
        _reached(late.target, late.ok),
        f"{max(record.latency_ms):.1f}",
        f"{record.core_used:.0%}",
        f"{record.core_taken:.0%}",
        f"{targets['token_failures'].value:.0f}",
        f"{np.percentile(record.send_lag_ms, 99):.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _reached(limit: str, ok: bool) -> str:
    return f"{limit}: {'yes' if ok else 'no'}"


def main() -> int:
    """Writes the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(Record.read(RAW)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
