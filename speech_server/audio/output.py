"""From a voice's samples to the bytes that a client asked for."""

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import soxr

Floats = npt.NDArray[np.float32]
OutputEncoding = Literal["LINEAR16", "FLOAT32", "MULAW", "ALAW"]

BYTES_PER_SAMPLE: dict[OutputEncoding, int] = {
    "LINEAR16": 2,
    "FLOAT32": 4,
    "MULAW": 1,
    "ALAW": 1,
}


def encode(samples: Floats, encoding: OutputEncoding) -> bytes:
    """Write samples of full scale 1.0 in an encoding; what is louder is clipped."""
    clipped = np.clip(samples, -1.0, 1.0)
    if encoding == "FLOAT32":
        return bytes(clipped.astype("<f4").tobytes())
    linear = np.rint(clipped * 32767.0).astype(np.int16)
    if encoding == "LINEAR16":
        return bytes(linear.astype("<i2").tobytes())
    table = _mulaw_table() if encoding == "MULAW" else _alaw_table()
    return bytes(table[linear.astype(np.uint16)].tobytes())


def resampled_length(samples: int, from_hz: int, to_hz: int) -> int:
    """Samples that so many samples become."""
    return (samples * to_hz + from_hz // 2) // from_hz


class OutputResampler:
    """Resamples one stretch of sound in pieces, to a length that is known beforehand.

    Args:
        from_hz: Rate of what comes in.
        to_hz: Rate of what goes out.
        total: Samples that will come in, all pieces together.
    """

    def __init__(self, from_hz: int, to_hz: int, total: int) -> None:
        self.total = resampled_length(total, from_hz, to_hz)
        self._left = self.total
        self._stream = (
            None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
        )

    def push(self, samples: Floats, *, last: bool) -> Floats:
        """Resample the next piece; the last one brings what the filter still holds."""
        made: Floats = (
            samples if self._stream is None else self._stream.resample_chunk(samples, last=last)
        )
        made = made[: self._left]
        if last and len(made) < self._left:
            made = np.concatenate([made, np.zeros(self._left - len(made), np.float32)])
        self._left -= len(made)
        return made


@cache
def _mulaw_table() -> npt.NDArray[np.uint8]:
    """ITU-T G.711 mu-law of each 16-bit pattern."""
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(linear >> 2), 8159 - 33) + 33  # codes 14 bits
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    table: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return table


@cache
def _alaw_table() -> npt.NDArray[np.uint8]:
    """ITU-T G.711 A-law of each 16-bit pattern."""
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    toggle = np.where(linear >= 0, 0xD5, 0x55)
    magnitude = np.where(linear >= 0, linear, ~linear) >> 3
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    table: npt.NDArray[np.uint8] = (((segment << 4) | mantissa) ^ toggle).astype(np.uint8)
    return table
