"""How fast a text comes, and so how soon a clause may be begun whose end has not come."""

import math
from typing import Final

LETTER_S: Final = 0.06
"""Sound of a letter."""

KEPT_S: Final = 0.11
"""Sound of an opening that is heard only with what follows it, and some to spare (ADR 0028)."""

PIECES_BETWEEN: Final = 2
"""Pieces that come, at the mean, until what follows an opening may be spoken, and some to spare."""

LEAST_LETTERS: Final = 3


class Arrival:
    """The pieces of one text; those of a language model are its tokens."""

    def __init__(self) -> None:
        self.pieces = 0
        self._first_s = 0.0
        self._last_s = 0.0

    def note(self, now_s: float) -> None:
        """Note that a piece has come."""
        if not self.pieces:
            self._first_s = now_s
        self._last_s = now_s
        self.pieces += 1

    @property
    def opening_letters(self) -> int:
        """Letters whose sound lasts until what follows them has come and can be spoken."""
        apart_s = (self._last_s - self._first_s) / max(1, self.pieces - 1)
        return max(LEAST_LETTERS, math.ceil((KEPT_S + PIECES_BETWEEN * apart_s) / LETTER_S))
