"""The silence with which a voice begins, left out: a caller who waits hears the words sooner."""

import sys
from array import array

QUIET = 150
"""Samples below are silence: -47 dB of the loudest, above the noise of a voice at rest."""
KEPT_SECONDS = 0.012
"""What is kept before the first sound, so that a soft beginning is whole."""
LONGEST_SECONDS = 1.5
"""More silence than that is meant; a voice may take half a second before an "Another"."""


class LeadTrimmer:
    """Trims the beginning of one reply.

    Args:
        rate_hz: Sample rate of the sound, 16 bits a sample, one channel.
    """

    def __init__(self, rate_hz: int) -> None:
        self._kept = round(KEPT_SECONDS * rate_hz)
        self._longest = round(LONGEST_SECONDS * rate_hz)
        self._rate_hz = rate_hz
        self._held = b""
        self._dropped = 0
        self._begun = False

    @property
    def begun(self) -> bool:
        """The first sound was found, or is waited for no longer; `offset_s` is known."""
        return self._begun

    @property
    def offset_s(self) -> float:
        """Silence that was left out, in seconds."""
        return self._dropped / self._rate_hz

    def feed(self, sound: bytes) -> bytes:
        """Take the next sound; returns what is to be played."""
        if self._begun:
            return sound
        self._held += sound
        samples = array("h", self._held[: len(self._held) // 2 * 2])
        if sys.byteorder == "big":
            samples.byteswap()
        first = next((at for at, value in enumerate(samples) if abs(value) > QUIET), None)
        if first is None and len(samples) < self._longest:
            return b""
        self._begun = True
        if first is not None and first < self._longest:
            self._dropped = max(0, first - self._kept)
        return self.finish()

    def finish(self) -> bytes:
        """Give what is held."""
        self._begun = True
        held, self._held = self._held[2 * self._dropped :], b""
        return held
