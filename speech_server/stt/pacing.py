"""How often a stream may have an interim: as often as the device can bear."""

import enum
from typing import Final

from speech_server.scheduling.load import Load

FIRST_AFTER_MS: Final = 350
"""Speech before the first interim: less gives no word."""

AGAIN_AFTER_MS: Final = 200
"""Speech after an interim that had no word to show, while none has been shown."""

BUSY: Final = 0.75
FULL: Final = 0.95


class Stage(enum.Enum):
    """What there is of an utterance for the caller to see."""

    NEW = enum.auto()
    NO_WORD = enum.auto()
    SHOWN = enum.auto()

    @classmethod
    def of(cls, *, tried: bool, shown: bool) -> "Stage":
        """Tell from whether an interim was tried, and whether one was shown."""
        if shown:
            return cls.SHOWN
        return cls.NO_WORD if tried else cls.NEW


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

    def due(self, since_ms: int, stage: Stage) -> bool:
        """Whether the next one may go, so long after the last one or the begin of speech."""
        if stage is Stage.NEW:
            return since_ms >= FIRST_AFTER_MS
        busy = self._load.busy_ratio
        if busy >= FULL:
            return False
        if stage is Stage.NO_WORD and busy < BUSY:
            return since_ms >= AGAIN_AFTER_MS
        share = self._share if busy < BUSY else self._share / 3
        return since_ms >= max(self._shortest_ms, self._last_ms / share)
