"""How a fetch tells a person, or a CI log, how far it is."""

import sys
import time
from typing import Protocol


class Reporter(Protocol):
    """Where a fetch says what it does; one transfer at a time."""

    def say(self, text: str) -> None:
        """A line of its own."""

    def warn(self, text: str) -> None:
        """A line that must not be overlooked."""

    def begin(self, what: str, total: int | None, done: int = 0) -> None:
        """A transfer of `total` bytes begins, with `done` of them there already."""

    def advance(self, count: int) -> None:
        """More bytes of the transfer are there; negative when it starts over."""

    def end(self) -> None:
        """The transfer is over, well or badly."""


class Silent:
    """Says nothing (for programs that fetch, and tests)."""

    def say(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""

    def begin(self, what: str, total: int | None, done: int = 0) -> None:
        """Nothing."""

    def advance(self, count: int) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Lines:
    """Plain lines for logs: a transfer reports its tenths, and at least each `every_s` seconds."""

    def __init__(self, every_s: float = 5.0) -> None:
        self._every_s = every_s
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._began = 0
        self._started_s = 0.0
        self._said_s = 0.0
        self._said_tenth = 0

    def say(self, text: str) -> None:
        """A line of its own."""
        print(f"models: {text}", flush=True)

    def warn(self, text: str) -> None:
        """A line that must not be overlooked."""
        print(f"models: WARNING: {text}", file=sys.stderr, flush=True)

    def begin(self, what: str, total: int | None, done: int = 0) -> None:
        """A transfer begins."""
        self._what, self._total, self._done, self._began = what, total, done, done
        self._started_s = self._said_s = time.monotonic()
        self._said_tenth = self._tenth()
        resumed = f", {done / 1e6:.1f} MB are there already" if done else ""
        self.say(f"{what}: {_megabytes(total)}{resumed}")

    def advance(self, count: int) -> None:
        """More bytes are there."""
        self._done += count
        now_s = time.monotonic()
        silent_s = now_s - self._said_s
        if silent_s > self._every_s or (self._tenth() > self._said_tenth and silent_s > 0.5):
            self._said_tenth, self._said_s = self._tenth(), now_s
            rate = (self._done - self._began) / max(now_s - self._started_s, 1e-6)
            share = f" ({self._done * 100 // self._total} %)" if self._total else ""
            self.say(
                f"{self._what}: {self._done / 1e6:.1f} of {_megabytes(self._total)}{share}, "
                f"{rate / 1e6:.1f} MB/s"
            )

    def end(self) -> None:
        """The transfer is over."""

    def _tenth(self) -> int:
        return self._done * 10 // self._total if self._total else 0


def _megabytes(count: int | None) -> str:
    return "unknown size" if count is None else f"{count / 1e6:.1f} MB"
