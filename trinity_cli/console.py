"""What a command shows: text for people, or one JSON value for programs.

Results go to standard output; everything else (progress, hints, errors) to standard error.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from trinity_cli.errors import CliError

_CLEAR = "\r\x1b[K"


class Console:
    """The two streams of one command.

    Attributes:
        json: Results and errors are JSON.
    """

    def __init__(self) -> None:
        self.json = False
        self._line_open = False

    @property
    def live(self) -> bool:
        """Whether somebody watches standard error."""
        return sys.stderr.isatty()

    def result(self, value: Any, text: str) -> None:
        """Show the result of a command: as JSON when that is wanted, else as text."""
        self._close_line()
        print(json.dumps(value, ensure_ascii=False, indent=2) if self.json else text)

    def say(self, text: str) -> None:
        """Tell something that is no result."""
        self._close_line()
        print(text, file=sys.stderr)

    def update(self, text: str) -> None:
        """Show passing text in one line, where somebody watches."""
        if self.live:
            print(f"{_CLEAR}{text[-200:]}", end="", file=sys.stderr, flush=True)
            self._line_open = True

    def failed(self, error: CliError) -> None:
        """Show an error with what to do about it."""
        self._close_line()
        if self.json:
            told = {
                "kind": type(error).__name__,
                "message": error.message,
                "remedy": error.remedy or None,
                "fields": [vars(field) for field in error.fields],
                "request_id": error.request_id,
            }
            print(json.dumps({"error": told}, ensure_ascii=False), file=sys.stderr)
            return
        print(f"error: {error.message}", file=sys.stderr)
        for field in error.fields:
            print(f"  {field.name}: {field.message}", file=sys.stderr)
        if error.remedy:
            print(f"  {error.remedy}", file=sys.stderr)
        if error.request_id:
            print(f"  (request {error.request_id} in the server's log)", file=sys.stderr)

    def _close_line(self) -> None:
        if self._line_open:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
            self._line_open = False


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> str:
    """Lay out rows in columns; `empty` is the text when there are none."""
    if not rows:
        return empty
    cells = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def facts(pairs: Mapping[str, object]) -> str:
    """Lay out names and values, one a line; those without a value are left out."""
    shown = {name: value for name, value in pairs.items() if value not in (None, "")}
    width = max((len(name) for name in shown), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in shown.items())


def joined(values: Sequence[str], none: str = "any") -> str:
    """Write a list in a cell."""
    return ", ".join(values) or none
