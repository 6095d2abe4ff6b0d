"""Progress for people: a live line on a terminal, a line now and then in a log.

A long step is never silent: on a terminal its line is redrawn each second with the time it took so
far; elsewhere (CI) a line is written every ``QUIET_S`` seconds.
"""

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

QUIET_S = 15.0
"""Seconds between two lines about one step where there is no terminal."""


class Step:
    """One thing that is being done; ``note`` is what it is busy with now."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.started = time.monotonic()

    @property
    def elapsed(self) -> str:
        """Time since the step began, as people write it."""
        return duration(time.monotonic() - self.started)


class Progress:
    """Writes what is being done to a stream, standard output unless told otherwise."""

    def __init__(self, stream: TextIO | None = None, *, quiet_s: float = QUIET_S) -> None:
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._quiet_s = quiet_s
        self._lock = threading.Lock()
        self._drawn = False

    def say(self, line: str = "") -> None:
        """Write one line that stays."""
        with self._lock, _still_there():
            self._erase()
            self._stream.write(f"{line}\n")
            self._stream.flush()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while it runs, then how long it took; the caller may set its note."""
        step = Step(title)
        ended = threading.Event()
        interval = 1.0 if self._live else self._quiet_s
        ticker = threading.Thread(
            target=self._tick, args=(step, ended, interval), name="stack-progress", daemon=True
        )
        if not self._live:
            self.say(f"  {title} …")
        ticker.start()
        outcome = "failed after"
        try:
            yield step
            outcome = "done in"
        finally:
            ended.set()
            ticker.join()
            self.say(f"  {title}: {outcome} {step.elapsed}")

    def _tick(self, step: Step, ended: threading.Event, interval: float) -> None:
        while not ended.wait(interval):
            note = f", {step.note}" if step.note else ""
            if self._live:
                self._draw(f"  {step.title} … {step.elapsed}{note}")
            else:
                self.say(f"  {step.title} … {step.elapsed}{note}")

    def _draw(self, line: str) -> None:
        with self._lock, _still_there():
            self._erase()
            # A line that wraps could not be erased again.
            self._stream.write(line[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()
            self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._drawn = False


@contextlib.contextmanager
def _still_there() -> Iterator[None]:
    """Go on without an audience: a closed terminal must not keep the stack from stopping."""
    with contextlib.suppress(OSError):
        yield


def duration(seconds: float) -> str:
    """Write a duration: ``0.8 s``, ``42 s``, ``3 min 05 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
