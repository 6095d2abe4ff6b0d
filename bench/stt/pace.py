"""Real time: when each message has to leave, and how late it left."""

import asyncio
import re
import time

import numpy as np

from bench.stt.clips import Clip, Samples
from bench.stt.records import Heard

ROOM_DBFS = -75.0


class Pace:
    """An absolute schedule: the error of one message does not move the next.

    Args:
        limit_ms: Lateness from which a message counts as late.
    """

    def __init__(self, limit_ms: float) -> None:
        self.origin = time.monotonic()
        self._limit_s = limit_ms / 1000
        self._due_s = 0.0
        self._lags: list[float] = []

    def begin(self) -> None:
        """The first sample is spoken now."""
        self.origin = time.monotonic()

    async def wait(self, seconds: float) -> None:
        """Wait until so many more seconds have been spoken."""
        self._due_s += seconds
        due = self.origin + self._due_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        self._lags.append(time.monotonic() - due)

    def note(self, heard: Heard) -> None:
        """Write the lateness of what was sent since the last note to a recording."""
        lags = np.asarray(self._lags)
        heard.lags = len(lags)
        heard.late = int((lags > self._limit_s).sum())
        heard.lag_p99_ms = round(float(np.percentile(lags, 99)) * 1000, 2) if len(lags) else 0.0
        self._lags.clear()


def new_heard(clip: Clip) -> Heard:
    """Start the record of a recording."""
    return Heard(
        clip=clip.name,
        tag=clip.tag,
        source=clip.source,
        language=clip.language,
        reference=clip.text,
        seconds=clip.seconds,
        start_s=clip.start_s,
        end_s=clip.end_s,
        pause_s=clip.pause_s,
    )


def room(count: int, seed: int = 0) -> Samples:
    """Give the noise of a quiet room."""
    rng = np.random.default_rng(seed)
    noise: Samples = rng.normal(0, 10 ** (ROOM_DBFS / 20), count).astype(np.float32)
    return noise


def words_of(text: str) -> list[str]:
    """Give a text's words without case and punctuation; cheap, since callers do it while pacing."""
    return re.sub(r"[^\w\s']", "", text.casefold()).split()


def complete_at(shown: list[tuple[float, str]], end_s: float) -> float | None:
    """Say when the last text was there first, after the end of speech; None if it never was.

    A text that was last changed before the speech had ended, and not confirmed after it, lacks
    what was said in between.
    """
    last = words_of(shown[-1][1])
    after = [at_s for at_s, text in shown if at_s >= end_s and words_of(text) == last]
    return after[0] if after else None
