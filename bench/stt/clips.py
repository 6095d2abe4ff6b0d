"""The recordings that are spoken."""

import csv
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

import model_store
from caller.score import normalise

Samples = npt.NDArray[np.float32]

ANSWERS: Final = ("yes", "no", "okay", "stop", "thank you")
"""What a caller says alone and must not be taken for noise."""

ISOLATED: Final = (*ANSWERS, "help", "repeat")
VOICE: Final = "en_US-joe-medium"
SPEAKING_RATES: Final = (0.8, 1.0, 1.25)
REPEATS: Final = 4


@dataclass(frozen=True)
class Clip:
    """One recording; times in seconds from its first sample."""

    file: Path
    text: str
    tag: str
    source: str
    language: str
    rate_hz: int
    seconds: float
    start_s: float
    end_s: float
    pause_s: float

    @property
    def name(self) -> str:
        """Its name in the figures."""
        return self.file.stem

    @cached_property
    def samples(self) -> Samples:
        """Its sound, mono."""
        samples, _ = soundfile.read(self.file, dtype="float32", always_2d=True)
        mono: Samples = samples[:, 0]
        return mono


def load_clips(folder: Path) -> list[Clip]:
    """Read the list of recordings, in its order.

    Raises:
        FileNotFoundError: The folder is not there.
    """
    with (folder / "manifest.tsv").open(encoding="utf-8") as stream:
        texts = {row[0]: row[1] for row in csv.reader(stream, delimiter="\t", quoting=3)}
    clips: list[Clip] = []
    with (folder / "details.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            seconds = float(row["duration_s"])
            clips.append(
                Clip(
                    file=folder / row["file"],
                    text=texts.get(row["file"], ""),
                    tag=row["tag"],
                    source=row["source_set"],
                    language=row["lang"] or "en",
                    rate_hz=int(row["rate_hz"]),
                    seconds=seconds,
                    start_s=float(row["speech_start_s"] or 0),
                    end_s=float(row["speech_end_s"] or seconds),
                    pause_s=float(row["max_pause_s"] or 0),
                )
            )
    return clips


def spread(clips: list[Clip], count: int) -> list[Clip]:
    """Take so many, evenly over the list."""
    if len(clips) <= count:
        return clips
    step = len(clips) / count
    return [clips[int(index * step)] for index in range(count)]


def isolated_words(clips: list[Clip], folder: Path) -> list[Clip]:
    """Give short words said alone: recorded ones, and more that Piper speaks into a folder."""
    recorded = [clip for clip in clips if normalise(clip.text) in ISOLATED]
    return [*recorded, *_spoken(folder)]


def _spoken(folder: Path) -> list[Clip]:
    voice = next(Path(model_store.resolve(VOICE)).glob("*.onnx"))
    made: list[Clip] = []
    for rate in SPEAKING_RATES:
        place = folder / f"rate-{rate}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        text = "".join(f"{word.capitalize()}.\n" for word in ANSWERS for _ in range(REPEATS))
        command = [sys.executable, "-m", "piper", "-m", str(voice), "--output-dir", str(place)]
        subprocess.run(
            [*command, "--length-scale", str(1 / rate)],
            input=text,
            text=True,
            check=True,
            capture_output=True,
        )
        # Named by the time at which each was made.
        files = sorted(place.glob("*.wav"), key=lambda file: int(file.stem))
        words = [word for word in ANSWERS for _ in range(REPEATS)]
        made += [_clip_of(file, word) for file, word in zip(files, words, strict=True)]
    return made


def _clip_of(file: Path, word: str) -> Clip:
    info = soundfile.info(file)
    return Clip(
        file=file,
        text=word,
        tag="spoken by Piper",
        source="piper",
        language="en",
        rate_hz=info.samplerate,
        seconds=info.duration,
        start_s=0.0,
        end_s=info.duration,
        pause_s=0.0,
    )
