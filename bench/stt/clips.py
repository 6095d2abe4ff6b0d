"""The recordings that are spoken."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float32]


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
