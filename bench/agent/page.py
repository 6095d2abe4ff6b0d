"""`python -m bench.agent.page`: the page of the figures, from the raw lines alone."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.agent import figures
from bench.agent.records import Records, read
from bench.agent.settings import AgentBenchSettings

PAGE = Path("docs/benchmarks/agent.md")


def main() -> int:
    """Write the page."""
    records = read(AgentBenchSettings().results)
    if not records.heads:
        print("no raw lines: measure first (make bench-agent)", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n\n".join(_page(records)) + "\n", encoding="utf-8")
    return 0


def _page(records: Records) -> Iterable[str]:
    yield "# The agent when it is interrupted, and when something fails"
    yield (
        "Written by `python -m bench.agent.page` from the raw lines in `bench/results/agent/`; do "
        "not edit. `make bench-agent` measures: a real stack, a scripted model of 200 ms to the "
        "first word and 30 words a second, a caller who notes every sound with its time."
    )
    machines = dict.fromkeys(
        f"{head.machine.cpu}, {head.machine.cores} cores" for head in records.heads
    )
    commits = dict.fromkeys(head.commit for head in records.heads)
    yield f"Machine: {'; '.join(machines)}. Commits: {', '.join(commits)}."
    yield _table(
        ("figure", "value", "must reach", "reached"),
        [
            (one.name, f"{one.value:g} {one.unit}", one.target, "yes" if one.ok else "**no**")
            for one in figures.targets(records)
        ],
    )
    if records.failures:
        yield "## Silence after a failure"
        yield (
            "From the end of the caller's question, or, where the voice breaks off, from its last "
            "sound, to the next sound of the agent, in seconds."
        )
        yield _table(
            ("what fails", "times", "shortest", "longest", "what was said"),
            [
                (kind, len(waits), f"{waits[0]:.2f}", f"{waits[-1]:.2f}", _said(records, kind))
                for kind in figures.kinds(records)
                if (waits := figures.silences(records, kind))
            ],
        )
    if records.cuts:
        stops, off = figures.stops_ms(records), figures.off(records)
        yield "## Interruptions"
        yield _table(
            ("interruptions", "stop p50", "p95", "slowest", "words off: none", "one", "more"),
            [
                (
                    len(stops),
                    *(f"{figures.percentile(stops, at):.0f} ms" for at in (50, 95)),
                    f"{stops[-1]:.0f} ms",
                    off.count(0),
                    off.count(1),
                    sum(words > 1 for words in off),
                )
            ],
        )
    if records.sounds:
        yield "## Sounds over the agent"
        yield _table(
            ("sound", "made", "speech went on"),
            [(kind, made, on) for kind, (on, made) in figures.resumed(records).items()],
        )
    if records.pauses:
        late = sorted(one.latency_s for one in records.pauses if one.latency_s >= 0)
        yield "## Recordings with a pause of 0.5 s or more"
        yield _table(
            ("recordings", "cut off", "latency of the others p50", "p95"),
            [
                (
                    len(records.pauses),
                    len(records.pauses) - len(late),
                    *(f"{figures.percentile(late, at):.2f} s" if late else "–" for at in (50, 95)),
                )
            ],
        )


def _said(records: Records, kind: str) -> str:
    said = next((one.said for one in records.failures if one.kind == kind and one.said), "")
    return said if len(said) <= 70 else said[:67] + "…"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
