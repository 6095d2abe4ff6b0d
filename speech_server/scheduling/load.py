"""How busy one device is, and what follows from it."""

import threading
import time
from collections import deque
from typing import Final

HORIZON_S: Final = 60.0
RECENT_S: Final = 5.0


class Load:
    """Busy time of a device and the audio that it was for, over the last minute. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: deque[tuple[float, float]] = deque()
        self._audio: deque[tuple[float, float]] = deque()

    def add(self, busy_s: float) -> None:
        """Count computing that ended now."""
        self._note(self._busy, busy_s)

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
