"""How soon the model begins to answer, as it was of late."""

from collections import deque

PACE_REPLIES = 4
"""Latest replies that tell how soon the model begins; the soonest counts."""
PACE_STEP_MS = 32
"""The speech server's own step in time."""


class ModelPace:
    """How soon after the caller's last sound the model began its latest replies."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=PACE_REPLIES)

    def add(self, seconds: float) -> None:
        """Take the time from the caller's last sound to the first word of a reply."""
        self._recent.append(seconds)

    @property
    def least_ms(self) -> int:
        """Silence that costs no reply anything, in milliseconds; 0 until two are known.

        The first one alone may have waited for the model to be loaded.
        """
        if len(self._recent) < 2:
            return 0
        return int(min(self._recent) * 1000) // PACE_STEP_MS * PACE_STEP_MS
