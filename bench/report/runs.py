"""The raw files, read and put together: parts of one label count as one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.calls.records import read_run

__all__ = ["Group", "Run", "groups", "read_all"]

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A raw file; `void` says why it says nothing about the system."""

    path: Path
    head: Line
    lines: Sequence[Line]
    void: str | None

    @property
    def bench(self) -> str:
        """Name of the bench."""
        return str(self.head["bench"])

    @property
    def label(self) -> str:
        """What its maker called it."""
        return str(self.head["settings"].get("label", ""))


@dataclass(frozen=True)
class Group:
    """Runs of a bench that have one label, pooled, the oldest first."""

    bench: str
    label: str
    runs: Sequence[Run]

    @property
    def lines(self) -> list[Line]:
        """The lines of all of them."""
        return [line for run in self.runs for line in run.lines]

    @property
    def sides(self) -> list[str]:
        """The sides that were compared, in their order."""
        return list(dict.fromkeys(s for run in self.runs for s in run.head["settings"]["sides"]))

    @property
    def commits(self) -> list[str]:
        """The commits that were measured."""
        return list(dict.fromkeys(str(run.head["commit"]) for run in self.runs))

    @property
    def latest(self) -> datetime:
        """When its last run began."""
        return datetime.strptime(str(self.runs[-1].head["begun"]), "%Y%m%dT%H%M%S")

    @property
    def settings(self) -> Line:
        """The settings of the first run; those of the others differ in the seed alone."""
        found: Line = self.runs[0].head["settings"]
        return found


def read_all(folder: Path) -> list[Run]:
    """Read every raw file of a folder, the oldest first."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        head, lines, void = read_run(path)
        found.append(Run(path, head, lines, void))
    return sorted(found, key=lambda run: str(run.head["begun"]))


def groups(runs: Sequence[Run], bench: str) -> list[Group]:
    """Pool the runs of a bench that are not void by their labels; the newest ones come first."""
    by_label: dict[str, list[Run]] = {}
    for run in runs:
        if run.bench == bench and run.void is None:
            by_label.setdefault(run.label, []).append(run)
    found = [Group(bench, label, pooled) for label, pooled in by_label.items()]
    return sorted(found, key=lambda group: group.latest, reverse=True)
