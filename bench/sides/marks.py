"""Moments of a call, written by its process for the bench: one JSON object a line.

All are on `time.monotonic`, which is one clock for every process of a machine.
"""

import json
import time
from pathlib import Path
from typing import Any, TextIO

__all__ = ["Marks", "read_marks"]


class Marks:
    """The moments of one call.

    Args:
        folder: Where the file of the call goes.
        room: The call's room.
    """

    def __init__(self, folder: Path, room: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = (folder / f"{room}.jsonl").open("a", encoding="utf-8", buffering=1)

    def __call__(self, event: str, **fields: Any) -> None:
        """Note that something happens now."""
        self.at(time.monotonic(), event, **fields)

    def at(self, time_s: float, event: str, **fields: Any) -> None:
        """Note that something happened at a moment."""
        self._file.write(json.dumps({"t": time_s, "e": event, **fields}) + "\n")


def read_marks(folder: Path, room: str) -> list[dict[str, Any]]:
    """Read the moments of a call so far, in order; empty where there are none."""
    path = folder / f"{room}.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return sorted(found, key=lambda mark: float(mark["t"]))
