"""Which frames of an utterance are decoded next, and with what context."""

from dataclasses import dataclass

FIRST_WIDTHS = (32, 56, 96)
"""Frames of the decoder's first inputs: the first is small so that sound comes at once, each is
ready before the one before it has been played."""

SHARED_WIDTH = 128
"""Width in the long run when others wait: one window is how long a first sound may have to wait."""

AMPLE_WIDTH = 192
"""Width when the others, if there are any, have sound to spare: less context is computed twice."""


@dataclass(frozen=True)
class Window:
    """Frames ``start`` to ``stop`` come out of a decoder that sees ``low`` to ``high``."""

    start: int
    stop: int
    low: int
    high: int


def next_window(start: int, total: int, reach: int | None, width: int, *, keep: bool) -> Window:
    """Plan the window that begins at a frame.

    The last window ends with the utterance, whose end is a true edge to the decoder as its begin
    is. A rest that is not worth a window comes along.

    Args:
        start: First frame that is not decoded yet.
        total: Frames of the utterance.
        reach: Frames of context that make a frame exact; None decodes all at once.
        width: Frames that the decoder is to see.
        keep: The last window is moved left to be as wide as the others, so that it can be computed
            together with them.
    """
    if reach is None:
        return Window(0, total, 0, total)
    width = max(width, 2 * reach + 8)
    low = max(0, start - reach)
    high = low + width
    rest = total - (high - reach)
    if rest <= (2 * reach if keep else max(2 * reach, width // 4)):
        return Window(start, total, max(0, min(low, total - width)) if keep else low, total)
    return Window(start, high - reach, low, high)
