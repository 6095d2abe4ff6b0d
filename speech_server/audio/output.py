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

    A stretch that goes on keeps back what the filter still holds, for `go_on`.

    Args:
        from_hz: Rate of what comes in.
        to_hz: Rate of what goes out.
        total: Samples that will come in, all pieces together.
        goes_on: More sound follows without a seam.
    """

    def __init__(self, from_hz: int, to_hz: int, total: int, *, goes_on: bool = False) -> None:
        self.total = 0
        """Samples of the stretch that will come out."""
        self._rates = from_hz, to_hz
        self._in = self._out = 0
        self._rest: Floats = np.zeros(0, np.float32)
        self._stream = (
            None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
        )
        self.go_on(total, goes_on=goes_on)

    def go_on(self, total: int, *, goes_on: bool = False) -> None:
        """Begin the next stretch, of so many samples that will come in."""
        self._goes_on = goes_on
        self._in += total
        come = self._in
        if goes_on and self._stream is not None:
            come = max(0, come - _held_back(*self._rates))
        self.total = self._left = max(0, resampled_length(come, *self._rates) - self._out)
        self._out += self.total

    def push(self, samples: Floats, *, last: bool) -> Floats:
        """Resample the next piece; the last one brings what the filter still holds."""
        made: Floats = samples
        if self._stream is not None:
            made = self._stream.resample_chunk(samples, last=last and not self._goes_on)
        if len(self._rest):
            made = np.concatenate([self._rest, made])
        made, self._rest = made[: self._left], made[self._left :]
        if last and len(made) < self._left:
            made = np.concatenate([made, np.zeros(self._left - len(made), np.float32)])
        self._left -= len(made)
        return made


@cache
def _held_back(from_hz: int, to_hz: int) -> int:
    """Find how many samples of its input the filter holds back at most."""
    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
    piece = np.zeros(from_hz // 100, np.float32)
    made, most = 0, 0
    for number in range(1, 100):
        made += len(stream.resample_chunk(piece))
        most = max(most, number * len(piece) - made * from_hz // to_hz)
    return most + len(piece)


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
