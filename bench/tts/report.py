"""From raw lines to the rows of the table and to tables for people."""

from collections.abc import Callable, Sequence

from rich.table import Table

from bench.result import Target, target
from bench.tts.run import OURS, PEER, Run
from bench.tts.texts import SENTENCES

FIRST_AUDIBLE_S = {"1.5 s": 0.09, "4 s": 0.11, "8 s": 0.17, "12 s": 0.25}
CALLERS_S = {"4": 0.30, "8": 0.60}
GROWTH_MB = 10.0
"""Growth over the second half of the requests that is still called flat."""


def targets(run: Run) -> list[Target]:
    """Hold the figures of the parts that ran against what must be reached."""
    measured = {line["part"] for line in run.lines}
    return [row for part, rows in _ROWS.items() if part in measured for row in rows(run)]


def _length(run: Run) -> list[Target]:
    rows: list[Target] = []
    for name, limit in FIRST_AUDIBLE_S.items():
        value = run.p50("length", OURS, name)
        rows.append(target(f"first audible, {name}", value, "s", "<=", limit))
    for name in ("8 s", "12 s"):
        ours, peer = run.p50("length", OURS, name), run.p50("length", PEER, name)
        ratio = peer / ours if peer and ours else None
        rows.append(target(f"times sooner than {PEER}, {name}", ratio, "", ">=", 3))
    factor = _factor(run, OURS)
    rows.append(target("real-time factor alone", factor, "s/s", "<=", 0.085))
    return rows


def _clause(run: Run) -> list[Target]:
    found = [run.p50("clause", OURS, name) for name in run.names("clause")]
    worst = max(value for value in found if value is not None)
    return [target("first audible, clause first, worst length", worst, "s", "<=", 0.12)]


def _tokens(run: Run) -> list[Target]:
    value = run.p50("tokens", OURS, "30 a second")
    return [target("clause's last token to sound", value, "s", "<=", 0.12)]


def _openings(run: Run) -> list[Target]:
    early, awaited = (
        _error_rate(run, "openings heard", f"30 a second, {way}")
        for way in ("begun early", "awaited")
    )
    more = None if early is None or awaited is None else early - awaited
    return [target("WER of clauses begun early, more than awaited", more, "", "<=", 0.01)]


def _error_rate(run: Run, part: str, *names: str) -> float | None:
    """Give errors a word over some names of a part."""
    words, errors = (
        sum(sum(run.values(part, OURS, name, value)) for name in names)
        for value in ("words", "errors")
    )
    return errors / words if words else None


def _callers(run: Run) -> list[Target]:
    rows = [
        target(f"first audible, {name} at once", run.p50("callers", OURS, name), "s", "<=", limit)
        for name, limit in CALLERS_S.items()
    ]
    ours = run.p50("throughput", OURS, "8", "audio_per_s")
    peer = run.p50("throughput", PEER, "8", "audio_per_s")
    rows.append(target("sound a second, 8 callers", ours, "s/s", ">=", 15))
    ratio = ours / peer if ours and peer else None
    rows.append(target(f"the same through {PEER}'s", ratio, "", ">=", 1))
    return rows


def capacity(run: Run) -> int:
    """Most callers of the sweep with no underrun, nor with fewer callers."""
    best = 0
    for name in run.names("sweep"):
        if sum(run.values("sweep", OURS, name, "underruns")):
            break
        best = int(name)
    return best


def _sweep(run: Run) -> list[Target]:
    return [target("callers with no underrun", capacity(run), "", ">=", 10)]


def _exact(run: Run) -> list[Target]:
    worst = min(
        float(value)
        for line in run.lines
        if line["part"] == "exact"
        for name, value in line.items()
        if name.endswith("_db")
    )
    return [target("exactness, worst", worst, "dB", ">=", 90)]


def _cancel(run: Run) -> list[Target]:
    return [
        target(
            f"cancel to the last byte, {name}",
            run.p50("cancel", OURS, name, "ended_s"),
            "s",
            "<=",
            0.06,
        )
        for name in run.names("cancel")
    ]


def _memory(run: Run) -> list[Target]:
    sizes = run.values("memory", OURS, "sizes", "mb")
    requests = max(run.values("memory", OURS, "sizes", "requests"))
    growth = sizes[-1] - sizes[len(sizes) // 2]
    return [
        target("memory, most", max(sizes), "MB", "<=", 450),
        target("requests of it", requests, "", ">=", 10_000),
        target("memory, growth over the second half", growth, "MB", "<=", GROWTH_MB),
    ]


def _roundtrip(run: Run) -> list[Target]:
    rate = _error_rate(run, "roundtrip", *run.names("roundtrip"))
    return [target("WER through our own Transcribe", rate, "", "<=", 0.08)]


_ROWS: dict[str, Callable[[Run], list[Target]]] = {
    "length": _length,
    "clause": _clause,
    "tokens": _tokens,
    "openings": _openings,
    "callers": _callers,
    "sweep": _sweep,
    "exact": _exact,
    "cancel": _cancel,
    "memory": _memory,
    "roundtrip": _roundtrip,
}


def _factor(run: Run, server: str) -> float | None:
    audio = run.sum("length", server, "audio_s")
    return run.sum("length", server, "ended_s") / audio if audio else None


def tables(run: Run, found: Sequence[Target]) -> list[Table]:
    """Make the tables that are printed."""
    measured = {line["part"] for line in run.lines}
    made = [make(run) for part, make in _TABLES.items() if part in measured]
    table = Table("figure", "value", "must reach", "", title="Must reach")
    for one in found:
        mark = "[green]yes[/green]" if one.ok else "[red]no[/red]"
        shown = "-" if one.value is None else f"{one.value:g} {one.unit}"
        table.add_row(one.name, shown.strip(), one.target, mark)
    return [*made, table]


def _length_table(run: Run) -> Table:
    table = Table(
        "text",
        "server",
        "first byte",
        "first audible",
        "p95",
        "whole",
        "sound",
        title="Alone, p50, s",
    )
    for name in (*SENTENCES, "paragraph"):
        for server in (OURS, PEER):
            _row(table, name, server, *_times(run, "length", server, name))
    for name in run.names("clause"):
        _row(table, f"{name}, clause first", OURS, *_times(run, "clause", OURS, name))
    for server in (OURS, PEER):
        factor = _factor(run, server)
        if factor is not None:
            table.add_row("real-time factor", server, "", "", "", f"{factor:.3f}", "")
    return table


def _times(run: Run, part: str, server: str, name: str) -> list[float | None]:
    return [
        run.p50(part, server, name, "first_byte_s"),
        run.p50(part, server, name),
        run.p95(part, server, name),
        run.p50(part, server, name, "ended_s"),
        run.p50(part, server, name, "audio_s"),
    ]


def _row(table: Table, name: str, server: str, *values: float | None) -> None:
    if any(value is not None for value in values):
        shown = ("-" if value is None else f"{value:.3f}" for value in values)
        table.add_row(name, server, *shown)


def _tokens_table(run: Run) -> Table:
    table = Table(
        "server", "p50", "p95", title="30 tokens a second: last token of the first clause to sound"
    )
    for server in (OURS, PEER):
        values = run.p50("tokens", server, "30 a second"), run.p95("tokens", server, "30 a second")
        if values[0] is not None:
            table.add_row(server, *(f"{value:.3f}" for value in values if value is not None))
    return table


def _openings_table(run: Run) -> Table:
    table = Table(
        "tokens",
        "sentences",
        "first audible p50",
        "p95",
        "underruns",
        "sound p50",
        "WER",
        title="From the first token of a sentence to its sound, s",
    )
    for name in run.names("openings"):
        rate = _error_rate(run, "openings heard", name)
        times = (
            run.p50("openings", OURS, name),
            run.p95("openings", OURS, name),
            sum(run.values("openings", OURS, name, "underruns")),
            run.p50("openings", OURS, name, "audio_s"),
        )
        table.add_row(
            name,
            str(len(run.values("openings", OURS, name, "audio_s"))),
            *("-" if value is None else f"{value:.3g}" for value in times),
            "" if rate is None else f"{rate:.1%}",
        )
    return table


def _callers_table(run: Run) -> Table:
    table = Table(
        "callers",
        "server",
        "first audible p50",
        "p95",
        "sound a second",
        title="A sentence of 4 s at the same moment",
    )
    for name in run.names("callers"):
        for server in (OURS, PEER):
            _row(
                table,
                name,
                server,
                run.p50("callers", server, name),
                run.p95("callers", server, name),
                run.p50("throughput", server, name, "audio_per_s"),
            )
    for server in (OURS, PEER):
        for size in run.values("memory of callers", server, "after", "mb"):
            table.add_row("memory after them", server, "", "", f"{size:.0f} MB")
    return table


def _sweep_table(run: Run) -> Table:
    table = Table(
        "callers",
        "utterances",
        "underruns",
        "first audible p50",
        "p95",
        title="Callers who listen all the time",
    )
    for name in run.names("sweep"):
        gaps = run.values("sweep", OURS, name, "underruns")
        times = run.p50("sweep", OURS, name), run.p95("sweep", OURS, name)
        shown = ("-" if value is None else f"{value:.3f}" for value in times)
        table.add_row(name, str(len(gaps)), f"{sum(gaps):.0f}", *shown)
    return table


def _exact_table(run: Run) -> Table:
    table = Table(
        "texts",
        "",
        "whole",
        "seams",
        "tail",
        "beside others",
        "in a batch",
        title="Against the whole graph, worst of each, dB",
    )
    for name in run.names("exact"):
        found = [run.values("exact", OURS, name, f"{one}_db") for one in _EXACT]
        worst = (f"{min(values):.1f}" if values else "" for values in found)
        table.add_row(name, str(len(found[0])), *worst)
    return table


_EXACT = ("whole", "seams", "tail", "beside", "batch")


def _shared_table(run: Run) -> Table:
    table = Table(
        "meanwhile",
        "final p50",
        "p95",
        "first audible p50",
        "underruns",
        title="Finals of Transcribe while answers are spoken, s",
    )
    for name in run.names("shared"):
        values = (
            run.p50("shared", OURS, name, "final_s"),
            run.p95("shared", OURS, name, "final_s"),
            run.p50("answers", OURS, name),
        )
        shown = ("-" if value is None else f"{value:.3f}" for value in values)
        gaps = sum(run.values("answers", OURS, name, "underruns"))
        table.add_row(name, *shown, f"{gaps:.0f}")
    return table


def _cancel_table(run: Run) -> Table:
    table = Table("meanwhile", "p50", "p95", "most", title="From a cancel to the last message, s")
    for name in run.names("cancel"):
        found = run.values("cancel", OURS, name, "ended_s")
        values = (
            run.p50("cancel", OURS, name, "ended_s"),
            run.p95("cancel", OURS, name, "ended_s"),
            max(found),
        )
        table.add_row(name, *("-" if value is None else f"{value:.3f}" for value in values))
    return table


def _memory_table(run: Run) -> Table:
    table = Table("requests", "MB", title="Resident memory over mixed requests")
    counts = run.values("memory", OURS, "sizes", "requests")
    for count, size in zip(counts, run.values("memory", OURS, "sizes", "mb"), strict=True):
        table.add_row(f"{count:.0f}", f"{size:.0f}")
    return table


def _roundtrip_table(run: Run) -> Table:
    table = Table("said", "heard", title="Recognised otherwise than said")
    lines = [line for line in run.lines if line["part"] == "roundtrip"]
    for line in lines:
        if line["errors"]:
            table.add_row(line["said"], line["heard"])
    errors, words = (sum(line[name] for line in lines) for name in ("errors", "words"))
    table.add_row(f"{len(lines)} sentences, {words} words", f"{errors} errors")
    return table


_TABLES: dict[str, Callable[[Run], Table]] = {
    "exact": _exact_table,
    "length": _length_table,
    "tokens": _tokens_table,
    "openings": _openings_table,
    "callers": _callers_table,
    "sweep": _sweep_table,
    "cancel": _cancel_table,
    "shared": _shared_table,
    "roundtrip": _roundtrip_table,
    "memory": _memory_table,
}
