"""The noise of an utterance, the same for the same seed however it is drawn."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RHYTHM, SOUND = 0, 1


class Noise:
    """Normal noise for one segment of a context.

    Rhythm and sound have generators of their own, and sound is drawn frame by frame, so that a
    frame's noise depends neither on the windows nor on who shares a batch.

    Args:
        seed: The context's seed.
        index: Number of the segment in the context.
    """

    def __init__(self, seed: int, index: int) -> None:
        self._seed = seed
        self._index = index
        self._sound = self._generator(SOUND)

    def rhythm(self, number: int, channels: int, length: int) -> Floats:
        """Draw noise ``[channels, length]`` for the durations."""
        generator = self._generator(RHYTHM, number)
        return np.ascontiguousarray(
            generator.standard_normal((length, channels), dtype=np.float32).T
        )

    def sound(self, frames: int, channels: int) -> Floats:
        """Draw the next frames ``[frames, channels]``."""
        return self._sound.standard_normal((frames, channels), dtype=np.float32)

    def _generator(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._index, *purpose))
