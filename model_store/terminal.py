"""A live progress bar, for a fetch that a person watches in a terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bar:
    """A live bar for a terminal; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)

    def warn(self, text: str) -> None:
        """A line that must not be overlooked."""
        self._progress.console.print(f"WARNING: {text}", style="bold red", markup=False)

    def begin(self, what: str, total: int | None, done: int = 0) -> None:
        """A transfer begins."""
        self.end()
        self._task = self._progress.add_task(what, total=total, completed=done)

    def advance(self, count: int) -> None:
        """More bytes are there."""
        if self._task is not None:
            self._progress.advance(self._task, count)

    def end(self) -> None:
        """The transfer is over."""
        if self._task is not None:
            self._progress.stop_task(self._task)
            self._task = None
