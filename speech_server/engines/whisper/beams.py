"""The beam of one window: what was made of it so far, and what becomes of that.

A hypothesis is as good as its whole log-probability (ADR 0013). The mean over its tokens, which is
usual, prefers the longer of two, and a loop is long.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speech_server.engines.whisper.weights import Floats

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Beam:
    """A hypothesis: its tokens with the prompt, and the log-probability of those made."""

    tokens: tuple[int, ...]
    log_prob: float


class Beams:
    """The best hypotheses of a window, of which one is left when `extend` gives nothing.

    Args:
        prompt: What each begins with.
        text_at: Place in it of the first token of the text.
        end: The token that ends a hypothesis.
        width: The most hypotheses that go on.
        longest: The most tokens of the text.
        log_prob: Of those tokens of the prompt that were made.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        text_at: int,
        *,
        end: int,
        width: int,
        longest: int,
        log_prob: float = 0.0,
    ) -> None:
        self.text_at = text_at
        self.beams = [Beam(tuple(prompt), log_prob)]
        self._given = len(prompt)
        self._end = end
        self._width = width
        self._longest = longest
        self._ended: Beam | None = None

    def extend(self, at: int, log_probs: Floats, tokens: Integers) -> list[int]:
        """Put a token at a place of each hypothesis; tell which ones those that go on come from.

        Args:
            at: The place. What the prompt has there is kept.
            log_probs: ``[beams, candidates]``, of the likeliest tokens; one more than the width.
            tokens: Their numbers.
        """
        if at < self._given:
            return list(range(len(self.beams)))
        totals = log_probs + np.array([[beam.log_prob] for beam in self.beams])
        going: list[Beam] = []
        parents: list[int] = []
        for place in np.argsort(-totals, axis=None, kind="stable"):
            parent, candidate = divmod(int(place), totals.shape[1])
            total = float(totals[parent, candidate])
            # Whatever goes on only loses. An end that is not among the likeliest is none: of the
            # many places of a text one is always likely enough to beat all of it.
            enough = self._ended.log_prob if self._ended else -math.inf
            if len(going) == self._width or total <= enough:
                break
            before, token = self.beams[parent].tokens, int(tokens[parent, candidate])
            if token == self._end:
                self._ended = Beam(before, total)
                continue
            going.append(Beam((*before, token), total))
            parents.append(parent)
        if going:
            self.beams = going
        if at + 1 - self.text_at >= self._longest:
            return []
        return parents

    @property
    def best(self) -> Beam:
        """The likeliest that ended, or that goes on if none did."""
        return self._ended or self.beams[0]
