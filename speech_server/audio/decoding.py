"""From the bytes of a stream to samples: float32, mono, full scale at -1 and 1."""

import enum
from typing import Final

import numpy as np
import numpy.typing as npt

from speech_server.errors import MalformedAudio

Samples = npt.NDArray[np.float32]

FIELD: Final = "audio_content"
LOUDEST: Final = 2.0
"""Float samples beyond this are no audio at full scale 1, but integers written as floats."""


class InputEncoding(enum.Enum):
    """How the client writes a sample."""

    LINEAR16 = "linear16"
    FLOAT32 = "float32"
    MULAW = "mulaw"
    ALAW = "alaw"


def _mulaw_table() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 7).astype(np.int32)
    magnitude = ((((code & 15).astype(np.int32) << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -magnitude, magnitude) / 32768).astype(np.float32)


def _alaw_table() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    step = ((code & 15).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, (step + 256) << np.maximum(exponent - 1, 0), step)
    return (np.where(code & 128, magnitude, -magnitude) / 32768).astype(np.float32)


_G711: Final = {InputEncoding.MULAW: _mulaw_table(), InputEncoding.ALAW: _alaw_table()}
_BYTES: Final = {
    InputEncoding.LINEAR16: 2,
    InputEncoding.FLOAT32: 4,
    InputEncoding.MULAW: 1,
    InputEncoding.ALAW: 1,
}


def decode(content: bytes, encoding: InputEncoding) -> Samples:
    """Turn one message's bytes into samples.

    Raises:
        MalformedAudio: No whole number of samples, or floats that are no audio.
    """
    size = _BYTES[encoding]
    if len(content) % size:
        raise MalformedAudio(
            f"{len(content)} bytes are no whole number of {encoding.name} samples of {size} bytes",
            field=FIELD,
        )
    if encoding is InputEncoding.LINEAR16:
        return np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32768)
    if encoding is InputEncoding.FLOAT32:
        samples = np.frombuffer(content, "<f4").astype(np.float32)
        if samples.size and not np.isfinite(samples).all():
            raise MalformedAudio("a FLOAT32 sample is not a finite number", field=FIELD)
        if samples.size and float(np.abs(samples).max()) > LOUDEST:
            raise MalformedAudio(
                "a FLOAT32 sample lies far beyond full scale, which is -1.0 to 1.0", field=FIELD
            )
        return samples
    return _G711[encoding][np.frombuffer(content, np.uint8)]
