"""`python -m bench.stt.page`: writes docs/benchmarks/stt.md from the raw lines alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.stt import figures, tables
from bench.stt.records import Records, read

__all__ = ["PAGE", "RAW", "page"]

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT / "bench" / "results" / "stt"
PAGE = ROOT / "docs" / "benchmarks" / "stt.md"
_BEGIN = """# Recognition beside its peers

Written by `python -m bench.stt.page` from the raw lines in `bench/results/stt/`; do not edit. \
`BENCH_STT_OUTPUT=bench/results/stt make bench-stt` measures anew, `PARTS=…` a part of it.

Every system has the same weights, the same threads and the same memory settings, and hears the \
same recordings, paced in real time on an absolute schedule. Our server computes with a passive \
OpenMP wait policy, which it sets for itself; the peers keep the default, which is faster for them \
on a machine with nobody else.
"""


def page(records: Records) -> str:
    """The page."""
    sheets = tables.sheets(records, figures.targets(records))
    return "\n".join([_BEGIN, *_heads(records), *(f"{sheet.markdown()}\n" for sheet in sheets)])


def _heads(records: Records) -> Iterator[str]:
    yield from dict.fromkeys(
        f"Machine: {head.machine.cpu}, {head.machine.cores} cores.\n" for head in records.heads
    )
    parts = ", ".join(f"{head.part} ({head.commit}, {head.began})" for head in records.heads)
    yield f"Parts: {parts}.\n"
    yield f"Messages that left late: {records.late_share:.1%}.\n"


def main() -> int:
    """Write the page."""
    records = read(RAW)
    if not records.heads:
        print("no raw lines: measure first (make bench-stt)", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(records), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
