"""Which frames of an utterance are decoded next, and with what context."""

from dataclasses import dataclass

FIRST_WIDTHS = (32, 56, 96)
"""Frames of the decoder's first inputs: the first is small so that sound comes at once, each is
ready before the one before it has been played."""

LONE_WIDTH = 256
"""Width in the long run when nobody else waits: less context is computed twice."""

SHARED_WIDTH = 128
"""Width in the long run when others wait: one window is how long a first sound may have to wait."""


@dataclass(frozen=True)
class Window:
    """Frames ``start`` to ``stop`` come out of a decoder that sees ``low`` to ``high``."""

    start: int
    stop: int
    low: int
    high: int


def next_window(start: int, total: int, reach: int | None, width: int) -> Window:
    """Plan the window that begins at a frame.

    The window keeps its width at the end: it is moved left to end with the utterance, whose end is
    a true edge to the decoder as its begin is. A rest that is not worth a window comes along.

    Args:
        start: First frame that is not decoded yet.
        total: Frames of the utterance.
        reach: Frames of context that make a frame exact; None decodes all at once.
        width: Frames that the decoder is to see.
    """
    if reach is None:
        return Window(0, total, 0, total)
    width = max(width, 2 * reach + 8)
    low = max(0, start - reach)
    high = low + width
    if total - (high - reach) <= 2 * reach:
        return Window(start, total, max(0, min(low, total - width)), total)
    return Window(start, high - reach, low, high)
