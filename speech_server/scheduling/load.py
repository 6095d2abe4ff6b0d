"""How busy one device is, and what follows from it."""

import threading
import time
from collections import deque
from typing import Final

HORIZON_S: Final = 60.0
RECENT_S: Final = 5.0
STEADY_S: Final = 20.0
"""Time over which the need of finals is measured: a few utterances of each caller."""

FINALS_LIMIT: Final = 0.7
"""Share of the device that finals may need: beyond it they wait for each other."""

CALL_SPEECH: Final = 0.4
"""Share of a call in which its caller speaks."""

SMOOTHING: Final = 0.1

STALE_S: Final = 60.0
"""Age at which a cost tells nothing of now: a server that was slow for a while, and refused
everybody since, would never learn that it is no longer."""


class Load:
    """Busy time of a device and the audio that it was for, over the last minute. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: deque[tuple[float, float]] = deque()
        self._finals: deque[tuple[float, float]] = deque()
        self._audio: deque[tuple[float, float]] = deque()

    def add(self, busy_s: float, *, finals: bool = False) -> None:
        """Count computing that ended now, and whether it was for finals."""
        self._note(self._busy, busy_s)
        if finals:
            self._note(self._finals, busy_s)

    def add_audio(self, seconds: float) -> None:
        """Count audio that came in."""
        self._note(self._audio, seconds)

    @property
    def realtime_factor(self) -> float:
        """Computing time for a second of audio over the last minute; 0 when there was none."""
        audio = self._sum(self._audio, HORIZON_S)
        return self._sum(self._busy, HORIZON_S) / audio if audio else 0.0

    @property
    def busy_ratio(self) -> float:
        """Share of the last seconds in which the device was busy, 0 to 1."""
        return min(1.0, self._sum(self._busy, RECENT_S) / RECENT_S)

    @property
    def finals_ratio(self) -> float:
        """Share of the time in which the device works for finals, 0 to 1."""
        return min(1.0, self._sum(self._finals, STEADY_S) / STEADY_S)

    def _note(self, events: deque[tuple[float, float]], amount: float) -> None:
        now = time.monotonic()
        with self._lock:
            events.append((now, amount))
            while events[0][0] < now - HORIZON_S:
                events.popleft()

    def _sum(self, events: deque[tuple[float, float]], horizon_s: float) -> float:
        since = time.monotonic() - horizon_s
        total = 0.0
        with self._lock:
            for at, amount in reversed(events):
                if at < since:
                    break
                total += amount
        return total


class Headroom:
    """Whether one more stream fits, by what finals were measured to need.

    Interims do not count: they give way. A stream that has just been opened has not been measured,
    so each open stream counts at least as a call of average speech.

    Args:
        load: What the device does.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._first = 0.0
        self._cost = 0.0
        self._learned_at = 0.0

    @property
    def cost(self) -> float:
        """Device seconds that the final of one second of audio takes, smoothed.

        Without a final for a while it is what the first one took, on a machine with nobody else.
        """
        if time.monotonic() - self._learned_at > STALE_S:
            return min(self._first, self._cost)
        return self._cost

    def learn(self, busy_s: float, audio_s: float) -> None:
        """Take what finals of some audio took."""
        if audio_s <= 0:
            return
        cost = busy_s / audio_s
        self._first = self._first or cost
        before = self.cost
        self._cost = before + SMOOTHING * (cost - before) if before else cost
        self._learned_at = time.monotonic()

    def streams(self, active: int) -> int:
        """Estimate how many more streams fit beside the open ones."""
        expected = self.cost * CALL_SPEECH
        need = max(self._load.finals_ratio, active * expected)
        each = max(expected, need / active if active else 0.0)
        return int((FINALS_LIMIT - need) / each) if each else 1
