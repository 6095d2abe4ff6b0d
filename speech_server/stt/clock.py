"""When each moment of a stream's audio arrived."""

import time
from collections import deque
from typing import Final

KEPT: Final = 4096


class AudioClock:
    """Maps the stream's audio to the clock on the wall, for delays that a caller feels."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=KEPT)

    def arrived(self, audio_ms: int) -> None:
        """Note that audio up to a moment is here."""
        self._arrivals.append((audio_ms, time.perf_counter()))

    def since(self, audio_ms: int) -> float:
        """Give the seconds since the audio of a moment was here."""
        now = time.perf_counter()
        at = now
        for end_ms, arrived_at in reversed(self._arrivals):
            if end_ms < audio_ms:
                break
            at = arrived_at
        return now - at
