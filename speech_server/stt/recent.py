"""What was said shortly before an utterance (ADR 0023).

Who pauses within a sentence is heard as several utterances. The later ones are decoded with the
sound and the words of those before: a model of language knows little of half a sentence.
"""

from dataclasses import dataclass
from typing import Final

GAP_MS: Final = 2000
"""Longest time between two utterances of which the later hears the earlier."""

MOST_MS: Final = 15_000
"""Longest sound that is decoded with what was said before counted in."""


@dataclass(frozen=True)
class Piece:
    """A stretch of the stream and the tokens that were made of it."""

    from_ms: int
    to_ms: int
    tokens: tuple[int, ...]


class Recent:
    """Follows one stream."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []

    def note(self, piece: Piece) -> None:
        """Take the newest utterance, once it has its final."""
        self._pieces = [*self.before(piece.from_ms), piece]

    def before(self, from_ms: int) -> tuple[Piece, ...]:
        """Give those that an utterance that begins then goes on from, the oldest first."""
        near = self._pieces and from_ms - self._pieces[-1].to_ms <= GAP_MS
        if not near:
            return ()
        return tuple(piece for piece in self._pieces if from_ms - piece.from_ms < MOST_MS)

    def clear(self) -> None:
        """Forget it all."""
        self._pieces.clear()

    def from_ms(self, audio_ms: int) -> int:
        """Tell where the sound begins that whoever speaks from then on may go on from."""
        return min((piece.from_ms for piece in self.before(audio_ms)), default=audio_ms)
