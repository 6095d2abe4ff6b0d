"""One utterance of a stream while it is spoken and until its final is out."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from speech_server.engines.base import Hypothesis
from speech_server.engines.silero import WINDOW_MS
from speech_server.stt.completeness import Turn
from speech_server.stt.recent import MOST_MS, Piece
from speech_server.stt.stability import StablePrefix

PAUSE_WINDOWS: Final = 3
"""Windows below the stop threshold that make a pause in which an utterance may be cut."""


@dataclass(frozen=True)
class Speculation:
    """A decode of final quality that is under way or done before the endpoint."""

    future: asyncio.Future[Hypothesis]
    to_ms: int


@dataclass(eq=False)
class Utterance:
    """Its audio begins at ``from_ms``, its speech at ``start_ms``."""

    number: int
    from_ms: int
    start_ms: int
    before: tuple[Piece, ...] = ()
    """What it goes on from."""
    revision: int = 0
    voiced_ms: int = 0
    voice_sum: float = 0.0
    interims: int = 0
    last_text: str = ""
    interim_at_ms: int = 0
    turn: Turn = field(default_factory=Turn)
    """What is known of the pause that it is in, or ended with."""
    speculation: Speculation | None = None
    fade: Speculation | None = None
    """What was begun when the voice faded last."""
    stable: StablePrefix = field(default_factory=StablePrefix)
    probabilities: list[float] = field(default_factory=list)
    probabilities_from_ms: int = 0
    over: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Its final is out."""

    @property
    def id(self) -> str:
        """Its name within the stream."""
        return f"u{self.number}"

    @property
    def voice(self) -> float:
        """Mean voice probability of its voiced windows."""
        return self.voice_sum * WINDOW_MS / self.voiced_ms if self.voiced_ms else 0.0

    @property
    def backlog_ms(self) -> int:
        """Its audio, while that waits for the final."""
        return self.speculation.to_ms - self.from_ms if self.over and self.speculation else 0

    @property
    def turn_from_ms(self) -> int:
        """Begin of the audio of what it goes on from, or of its own."""
        return self.before[0].from_ms if self.before else self.from_ms

    def heard_with(self, to_ms: int) -> list[Piece]:
        """Give what is decoded with it when it is decoded up to a moment."""
        return [piece for piece in self.before if to_ms - piece.from_ms <= MOST_MS]

    def next_revision(self) -> int:
        """Count one result more."""
        self.revision += 1
        return self.revision

    def hear(self, probability: float, clock_ms: int, threshold: float) -> None:
        """Note one window that ended at ``clock_ms``."""
        if not self.probabilities:
            self.probabilities_from_ms = clock_ms - WINDOW_MS
        self.probabilities.append(probability)
        if probability >= threshold:
            self.voiced_ms += WINDOW_MS
            self.voice_sum += probability

    def take_over(self, earlier: "Utterance", cut_ms: int, threshold: float) -> None:
        """Note what an utterance that was too long had heard beyond the cut."""
        skipped = (cut_ms - earlier.probabilities_from_ms) // WINDOW_MS
        self.probabilities_from_ms = earlier.probabilities_from_ms + skipped * WINDOW_MS
        self.voiced_ms = 0
        for index, probability in enumerate(earlier.probabilities[skipped:], 1):
            self.hear(probability, self.probabilities_from_ms + index * WINDOW_MS, threshold)

    def best_cut_ms(self, stop_threshold: float) -> int:
        """Find where to cut an utterance that is too long.

        The middle of the last pause in its second half, else of its least voiced window there;
        never within text that is stable.
        """
        stable = (self.stable.horizon_ms - self.probabilities_from_ms) // WINDOW_MS
        half = min(max(len(self.probabilities) // 2, stable), len(self.probabilities) - 1)
        quiet = 0
        for index in range(len(self.probabilities) - 1, half, -1):
            quiet = quiet + 1 if self.probabilities[index] < stop_threshold else 0
            if quiet == PAUSE_WINDOWS:
                return self.probabilities_from_ms + index * WINDOW_MS + WINDOW_MS * quiet // 2
        least = min(range(half, len(self.probabilities)), key=self.probabilities.__getitem__)
        return self.probabilities_from_ms + least * WINDOW_MS + WINDOW_MS // 2
