"""Sound files: read for recognition, written while speech comes."""

import wave
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

from trinity_cli.errors import BadRequest, NotFound

_PIECE_S = 0.1
_RATES_HZ = range(8000, 48001)
_CONVERT = "Convert it first: ffmpeg -i FILE -ac 1 -ar 16000 converted.wav"


class Recording:
    """A sound file of any kind that libsndfile reads: WAV, FLAC, OGG, MP3.

    Raises:
        NotFound: There is no such file.
        BadRequest: It is no sound, or of a rate that the speech server does not take.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise NotFound(f"{path}: there is no such file.")
        try:
            found = soundfile.info(str(path))
        except (OSError, soundfile.LibsndfileError) as error:
            raise BadRequest(f"{path} cannot be read as sound: {error}", remedy=_CONVERT) from error
        self.rate_hz = int(found.samplerate)
        self.duration_s = float(found.duration)
        if self.rate_hz not in _RATES_HZ:
            raise BadRequest(
                f"{path} has {self.rate_hz} samples a second; 8000 to 48000 are taken.",
                remedy=_CONVERT,
            )

    def pieces(self) -> Iterator[bytes]:
        """Give its sound as signed 16-bit mono samples, in pieces of a tenth of a second."""
        size = round(self.rate_hz * _PIECE_S)
        with soundfile.SoundFile(str(self.path)) as file:
            for block in file.blocks(blocksize=size, dtype="int16", always_2d=True):
                mono = np.round(block.mean(axis=1)).astype("<i2")
                yield mono.tobytes()


class WavFile:
    """A WAV file that is written piece by piece; use it as a context manager.

    What was written is a whole file even when the rest never comes; one without sound is removed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: wave.Wave_write | None = None

    def __enter__(self) -> Self:
        """Open nothing yet: the first sound brings the rate."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()

    def play(self, content: bytes, rate_hz: int) -> None:
        """Append samples."""
        if self._file is None:
            try:
                self._file = wave.open(str(self._path), "wb")  # noqa: SIM115 - closed by __exit__
            except OSError as error:
                raise BadRequest(f"{self._path} cannot be written: {error.strerror}") from error
            self._file.setnchannels(1)
            self._file.setsampwidth(2)
            self._file.setframerate(rate_hz)
        self._file.writeframes(content)
