"""Phrases that were spoken once, kept as sound for when the speech server is away.

They are files of the worker's scratch folder, so that only its first call has to make them.
"""

import hashlib
import os
import struct
from pathlib import Path

from livekit import rtc
from livekit.agents import APIConnectOptions

from agent.settings import Settings
from agent.speech import GrpcTTS

SCRATCH_VARIABLE = "TRINITY_AGENT_SCRATCH"
"""Names the scratch folder to the processes of the calls; set by `python -m agent`."""
FRAME_MS = 50
_RATE = struct.Struct("<I")  # sample rate in hertz, before the samples


class PhraseBook:
    """The recorded phrases of one voice.

    Args:
        voice: Everything that makes the voice sound as it does.
        folder: Where they are kept; None keeps them in memory only.
    """

    def __init__(self, voice: str, folder: Path | None) -> None:
        self._voice = voice
        self._folder = folder
        self._known: dict[str, bytes] = {}

    def find(self, phrase: str) -> list[rtc.AudioFrame] | None:
        """Give the sound of a phrase; None when it was not recorded."""
        samples = self._known.get(phrase)
        if samples is None and self._folder is not None:
            try:
                samples = self._path(phrase).read_bytes()
            except OSError:
                return None
            self._known[phrase] = samples
        if samples is None:
            return None
        (rate_hz,) = _RATE.unpack_from(samples)
        size = 2 * rate_hz * FRAME_MS // 1000
        parts = (samples[at : at + size] for at in range(_RATE.size, len(samples), size))
        return [rtc.AudioFrame(part, rate_hz, 1, len(part) // 2) for part in parts]

    async def record(self, phrase: str, synthesiser: GrpcTTS) -> list[rtc.AudioFrame]:
        """Have a phrase spoken, once, and keep its sound.

        Raises:
            APIError: The speech server did not speak it.
        """
        stream = synthesiser.synthesize(phrase, conn_options=APIConnectOptions(max_retry=0))
        async with stream:
            frames = [part.frame async for part in stream]
        self.keep(phrase, frames)
        return frames

    def keep(self, phrase: str, frames: list[rtc.AudioFrame]) -> None:
        """Keep the sound of a phrase."""
        samples = b"".join(
            [_RATE.pack(frames[0].sample_rate), *(bytes(frame.data) for frame in frames)]
        )
        self._known[phrase] = samples
        if self._folder is None:
            return
        path = self._path(phrase)
        part = path.with_suffix(f".{os.getpid()}")  # another call may write the same
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(samples)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)

    def _path(self, phrase: str) -> Path:
        assert self._folder is not None
        key = f"{self._voice}|{phrase}"
        return self._folder / (hashlib.sha256(key.encode()).hexdigest()[:32] + ".pcm")


def phrase_book(settings: Settings) -> PhraseBook:
    """Open the recorded phrases of the voice that the settings name."""
    voice = f"{settings.voice}|{settings.speaking_rate}|{settings.tts_sample_rate_hz}"
    folder = scratch_folder()
    return PhraseBook(voice, folder / "phrases" if folder else None)


def scratch_folder() -> Path | None:
    """Where this worker's calls share what they made; None outside of a worker."""
    folder = os.environ.get(SCRATCH_VARIABLE)
    return Path(folder) if folder else None
