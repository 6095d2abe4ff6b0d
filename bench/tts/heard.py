"""What came of one request, on the client's clock; and a player that runs dry or does not."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

AUDIBLE = 10 ** (-50 / 20)
"""The first sample over -50 dB of full scale is the first audible one."""
PLAYER_BUFFER_S = 0.1


@dataclass
class Heard:
    """Sound with the times of its arrival, in seconds of the monotonic clock.

    ``sent_s`` is when the request, or the text that counts, left.
    """

    rate_hz: int
    sent_s: float
    chunks: list[tuple[float, npt.NDArray[np.float32]]] = field(default_factory=list)
    compute_s: float = 0.0
    ended_s: float = 0.0

    @property
    def audio_s(self) -> float:
        """Length of the sound."""
        return sum(len(samples) for _, samples in self.chunks) / self.rate_hz

    @property
    def linear16(self) -> bytes:
        """The sound as 16-bit samples."""
        if not self.chunks:
            return b""
        whole = np.concatenate([samples for _, samples in self.chunks])
        return bytes(np.rint(whole * 32767).astype("<i2").tobytes())

    @property
    def first_byte_s(self) -> float:
        """From sending to the first sound, silent or not."""
        return self.chunks[0][0] - self.sent_s

    @property
    def first_audible_s(self) -> float:
        """From sending to the arrival of the first audible sample."""
        for at, samples in self.chunks:
            if np.any(np.abs(samples) > AUDIBLE):
                return at - self.sent_s
        return float("inf")

    @property
    def underruns(self) -> int:
        """Times that a player which starts at the first sample and buffers 0.1 s runs dry."""
        until: float | None = None
        count = 0
        for at, samples in self.chunks:
            if until is None:
                until = at + PLAYER_BUFFER_S
            elif at > until:
                count += 1
                until = at + PLAYER_BUFFER_S
            until += len(samples) / self.rate_hz
        return count
