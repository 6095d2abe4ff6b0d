"""How often a stream may have an interim: as often as the device can bear."""

from typing import Final

from speech_server.scheduling.load import Load

FIRST_AFTER_MS: Final = 350
"""Speech before the first interim: less gives no word."""

BUSY: Final = 0.75
FULL: Final = 0.95


class Pacer:
    """Paces the interims of one stream by what the last one took and how busy the device is.

    Args:
        load: How busy it is.
        shortest_ms: Shortest time between two.
        share: Part of the time in which interims may be in work while the device is free.
    """

    def __init__(self, load: Load, *, shortest_ms: int, share: float) -> None:
        self._share = share
        self._load = load
        self._shortest_ms = shortest_ms
        self._last_ms = 0.0

    def took(self, ms: float) -> None:
        """Note how long the last interim was on its way."""
        self._last_ms = ms

    def due(self, since_ms: int, *, first: bool) -> bool:
        """Whether the next one may go, so long after the last one or the begin of speech."""
        if first:
            return since_ms >= FIRST_AFTER_MS
        busy = self._load.busy_ratio
        if busy >= FULL:
            return False
        share = self._share if busy < BUSY else self._share / 3
        return since_ms >= max(self._shortest_ms, self._last_ms / share)
