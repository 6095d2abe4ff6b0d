"""The figures as tables: for the terminal, and in Markdown for the documentation."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.result import Target
from bench.stt import figures
from bench.stt.records import Heard, Records

ORDER = ("endpoint", "forced", "finished", "finals only", "words", "isolated", "negative")


@dataclass(frozen=True)
class Sheet:
    """One table."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def rich(self) -> Table:
        """Draw it for a terminal."""
        table = Table(*self.head, title=self.title)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """Write it in Markdown."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return f"### {self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheets(records: Records, found: Sequence[Target]) -> list[Sheet]:
    """Give all tables of a run."""
    every = [_targets(found), _delays(records), _words(records), _load(records), _use(records)]
    return [sheet for sheet in every if sheet.rows]


def _targets(found: Sequence[Target]) -> Sheet:
    rows = [
        (
            one.name,
            "not measured" if one.value is None else f"{one.value:g} {one.unit}".strip(),
            one.target,
            "" if one.value is None else "yes" if one.ok else "no",
        )
        for one in found
    ]
    return Sheet("Targets", ("figure", "value", "must reach", "reached"), rows)


def _delays(records: Records) -> Sheet:
    rows = []
    groups = figures.scenes(records, lambda one: one.scene in ("endpoint", "forced", "finished"))
    chosen = {one.clip for one in records.of("endpoint")}
    for (scene, system, _), heard in sorted(groups.items(), key=lambda one: _place(one[0][0])):
        same = [one for one in heard if one.clip in chosen] or heard
        times, firsts = figures.delays(same), figures.first_interims(same)
        rows.append(
            (
                scene,
                system,
                str(len(same)),
                str(len(times)),
                *(_seconds(figures.percentile(times, at)) for at in (50, 95)),
                *(_seconds(figures.percentile(figures.shown(same), at)) for at in (50, 95)),
                *(_seconds(figures.percentile(firsts, at)) for at in (50, 95)),
                f"{figures.unstable_ratio(same):.2f}" if firsts else "",
            )
        )
    head = ("scene", "system", "recordings", "complete", "complete text p50 s", "p95 s")
    later = ("its words shown p50 s", "p95 s", "first interim p50 s", "p95 s")
    return Sheet("One stream", (*head, *later, "unstable words a word"), rows)


def _words(records: Records) -> Sheet:
    rows = []
    said, plain = records.of("words"), records.of("finished", figures.BEAM5)
    tags = {one.source if one.source == figures.HEADLINE else one.tag: one for one in said}
    for tag in sorted(tags, key=lambda name: (name != figures.HEADLINE, name)):
        heard = [one for one in said if tag == (one.source if tag == figures.HEADLINE else one.tag)]
        if tag == "read":
            heard = [one for one in heard if one.source != figures.HEADLINE]
        _, theirs = figures.paired(heard, plain)
        rows.append((tag, str(len(heard)), _wer(heard), _wer(theirs) if theirs else ""))
    for name in ("isolated", "negative"):
        heard = records.of(name)
        if heard:
            right = figures.recall(heard) if name == "isolated" else None
            shown = f"{right:.1%} right" if right is not None else f"{_texts(heard)} with text"
            rows.append((name, str(len(heard)), shown, ""))
    head = ("recordings", "number", "ours, streamed: WER % (95 %)", "plain beam 5: WER % (95 %)")
    return Sheet("Words", head, rows)


def _load(records: Records) -> Sheet:
    rows = []
    groups = figures.scenes(records, lambda one: one.scene in ("continuous", "calls", "beyond"))
    for (scene, system, streams), heard in groups.items():
        times = figures.delays(heard)
        wer = figures.wer([one for one in heard if not one.refused])
        rows.append(
            (
                scene,
                system,
                str(streams),
                str(len(heard)),
                str(sum(one.refused for one in heard)),
                str(sum(bool(one.error) and not one.refused for one in heard)),
                str(sum(one.final_delay_s is None for one in heard if not one.refused)),
                "" if wer is None else f"{wer:.1f}",
                *(_seconds(figures.percentile(times, at)) for at in (50, 95)),
            )
        )
    head = ("scene", "system", "streams", "recordings", "refused", "errors", "incomplete", "WER %")
    return Sheet("Streams at once", (*head, "complete text p50 s", "p95 s"), rows)


def _use(records: Records) -> Sheet:
    rows = []
    for one in records.used:
        if one.speech_s:
            rows.append(
                (
                    one.scene,
                    one.system,
                    str(one.streams),
                    f"{one.cpu_s / one.speech_s:.2f}",
                    f"{one.memory_mb:.0f}",
                )
            )
    many = records.use_of("many streams")
    for one in (many[0], many[len(many) // 2], many[-1]) if many else ():
        rows.append((f"after {one.done} streams", one.system, "0", "", f"{one.memory_mb:.0f}"))
    for one in records.use_of("open streams"):
        rows.append(("open streams", one.system, str(one.streams), "", f"{one.memory_mb:.0f}"))
    head = ("scene", "system", "streams", "CPU s a second of speech", "memory MB")
    return Sheet("Use of the machine", head, rows)


def _wer(heard: Sequence[Heard]) -> str:
    rate, low, high = figures.wer_interval(figures.pairs_of(heard))
    return f"{rate:.1f} ({low:.1f} to {high:.1f})"


def _texts(heard: Sequence[Heard]) -> int:
    return sum(bool(one.text) for one in heard)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _place(scene: str) -> int:
    return ORDER.index(scene) if scene in ORDER else len(ORDER)
