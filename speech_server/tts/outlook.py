"""How much may be computed in one step, by what everybody has left to hear."""

import threading
from dataclasses import dataclass

from speech_server.tts.windows import AMPLE_WIDTH, FIRST_WIDTHS, SHARED_WIDTH

AMPLE_S = 1.0
"""Sound left to hear that is enough to spare."""

LEAD_SHARE = 1 / 3
"""Share of the sound that is left to hear in which a wider window than planned must be made."""

LEARNING = 0.1


@dataclass(frozen=True)
class Outlook:
    """What a step has to heed.

    Attributes:
        lone: No other stream has; the step takes all cores, otherwise one.
        least_left_s: Sound not heard yet of the other stream that runs out next; 0 for a first.
        left_s: Sound not heard yet of the stream that the step is for.
        frame_s: Time that a frame takes; 0 when it is not known.
        keep: Widths are kept at the end, since windows of several streams go together.
    """

    lone: bool
    least_left_s: float
    left_s: float
    frame_s: float
    keep: bool

    def width(self, number: int) -> int:
        """Frames of the next window of a segment, after so many: as everybody's sound allows."""
        ample = self.least_left_s >= AMPLE_S
        steady = AMPLE_WIDTH if ample else SHARED_WIDTH
        if number >= len(FIRST_WIDTHS):
            return steady
        if not number or not self.frame_s:
            return FIRST_WIDTHS[number]
        in_time = int(self.left_s * LEAD_SHARE / self.frame_s)
        return max(FIRST_WIDTHS[number], min(steady, in_time))


class Pace:
    """Time that a frame takes, smoothed: in steps alone and beside others. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame_s = {True: 0.0, False: 0.0}

    def frame_s(self, *, lone: bool) -> float:
        """Give it; 0 when nothing is known."""
        return self._frame_s[lone]

    def learn(self, took_s: float, frames: int, *, lone: bool) -> None:
        """Take what some frames took."""
        if not frames:
            return
        with self._lock:
            known, now = self._frame_s[lone], took_s / frames
            self._frame_s[lone] = known + LEARNING * (now - known) if known else now
