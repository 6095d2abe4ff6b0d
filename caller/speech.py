"""What the caller says: given recordings, the shared ones, or synthesised speech."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile

from caller.errors import ClipError
from caller.measure import level_dbfs, speech_threshold_dbfs, trim_to_speech
from caller.recorder import Samples
from caller.settings import CallerSettings
from caller.speech_server import SpeechServer, resample

__all__ = ["DEFAULT_CLIPS", "Clip", "load_clips", "read_clip", "read_manifest", "synthesise_clips"]

# Clean, short, said by three people, and close to what one asks an assistant.
DEFAULT_CLIPS = (
    "audio/misc_en__whatstheweatherlike.flac",
    "audio/speechocean762__train_022440286.flac",
    "audio/librispeech_test_other__367-130732-0001.flac",
)
_SYNTHESISED = (
    "Hello. What is the weather like in Paris today?",
    "What time is it now?",
    "Thank you. Can you tell me a short story about a lobster?",
)
# The agent has the same voice: speak slower, then play faster, so that the pitch and the formants
# rise by this much at the same tempo and the caller sounds like another person.
_VOICE_SHIFT = 1.18
_MAX_CLIP_S = 60.0
# Behind the last voiced sample: the last sound of "enough" is softer than any voice, and a room is
# not still at the moment at which somebody in it is.
_TAIL_MS = 500


@dataclass(frozen=True)
class Clip:
    """A recording to speak: mono samples that end soon after the speech, and its words if known."""

    name: str
    samples: Samples
    rate_hz: int
    reference: str | None
    origin: str

    @cached_property
    def threshold_dbfs(self) -> float:
        """Level above which the recording is voiced."""
        return speech_threshold_dbfs(self.samples, self.rate_hz)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


async def load_clips(settings: CallerSettings) -> list[Clip]:
    """The recordings that the settings ask for, at the microphone's sample rate."""
    rate_hz = settings.sample_rate_hz
    if settings.wav:
        paths = [Path(name.strip()) for name in settings.wav.split(",") if name.strip()]
        return [read_clip(path, rate_hz, _reference_beside(path), "given") for path in paths]
    references = read_manifest(settings.speech_data)
    if all(name in references for name in DEFAULT_CLIPS):
        return [
            read_clip(settings.speech_data / name, rate_hz, references[name], "recorded")
            for name in DEFAULT_CLIPS
        ]
    return await synthesise_clips(settings.speech_target, rate_hz)


async def synthesise_clips(speech_target: str, rate_hz: int) -> list[Clip]:
    """Questions in the speech server's voice, shifted so that it sounds like another person."""
    clips = []
    async with SpeechServer(speech_target) as server:
        for number, text in enumerate(_SYNTHESISED, 1):
            slow, voice_hz = await server.synthesize(text, speaking_rate=1 / _VOICE_SHIFT, seed=1)
            shifted = resample(slow, round(voice_hz * _VOICE_SHIFT), rate_hz)
            clips.append(
                Clip(
                    f"synthesised-{number}",
                    trim_to_speech(shifted, rate_hz),
                    rate_hz,
                    text,
                    "synthesised",
                )
            )
    return clips


def read_clip(path: Path, rate_hz: int, reference: str | None, origin: str) -> Clip:
    """Reads a WAV or FLAC of any rate and any number of channels, without long silence at its end.

    Raises:
        ClipError: it cannot be read, is silent or is too long.
    """
    try:
        samples, own_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ClipError(f"{path}: cannot be read as WAV or FLAC: {error}") from error
    if len(samples) > _MAX_CLIP_S * own_hz:
        raise ClipError(f"{path}: longer than {_MAX_CLIP_S:.0f} s")
    mono = np.round(samples.mean(axis=1)).astype(np.int16)
    if level_dbfs(mono) < -60:
        raise ClipError(f"{path}: nothing to hear in it")
    spoken = trim_to_speech(resample(mono, own_hz, rate_hz), rate_hz, _TAIL_MS)
    return Clip(path.stem, spoken, rate_hz, reference, origin)


def read_manifest(folder: Path) -> dict[str, str]:
    """References by file of a folder of recordings; empty when it is not there."""
    try:
        with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return {row[0]: row[1] for row in rows if len(row) > 1 and (folder / row[0]).exists()}
    except FileNotFoundError:
        return {}


def _reference_beside(path: Path) -> str | None:
    beside = path.with_suffix(".txt")
    return beside.read_text(encoding="utf-8").strip() if beside.exists() else None
