"""How far the listener has heard, and how much of the text that is."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """When sample ``last`` is heard, the characters up to ``end_char`` have been said."""

    last: int
    end_char: int


class Playback:
    """What was sent of a context, and what of it was heard.

    Without reports the listener is taken to hear the first sample when it is sent and to go on
    from there.

    Args:
        rate_hz: Samples a second as they are sent.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.sent = 0
        """Samples that have left."""
        self._reported: tuple[float, int] | None = None
        self._stretches: list[Stretch] = []

    def left(self, samples: int) -> None:
        """Note that so many more samples have left."""
        if self._reported is None:
            self._reported = (time.monotonic(), 0)
        self.sent += samples

    def report(self, played_ms: int) -> None:
        """Take the client's word for what was heard."""
        self._reported = (time.monotonic(), played_ms * self._rate_hz // 1000)

    def describe(self, stretch: Stretch) -> None:
        """Note what some samples will say; in their order."""
        self._stretches.append(stretch)

    @property
    def heard(self) -> int:
        """Samples that have been heard, as far as known."""
        if self._reported is None:
            return 0
        at, samples = self._reported
        return min(self.sent, samples + int((time.monotonic() - at) * self._rate_hz))

    @property
    def heard_end_char(self) -> int:
        """Character after the last one that was heard whole."""
        heard = self.heard
        end = 0
        for stretch in self._stretches:
            if stretch.last > heard:
                break
            end = stretch.end_char
        return end
