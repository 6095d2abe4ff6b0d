"""Recordings that are spoken, in a seeded order."""

import csv
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.calls.settings import CallBenchSettings
from caller.settings import CallerSettings
from caller.speech import Clip, load_clips, read_clip, read_manifest

__all__ = ["choose", "noises", "questions"]

SHORTEST_S = 1.5


async def questions(settings: CallBenchSettings, caller: CallerSettings) -> list[Clip]:
    """Give read English recordings of some seconds; synthesised ones where there is no folder."""
    names = choose(
        settings.speech_data,
        lambda row: (
            row["tag"] == "read"
            and row["lang"] == "en"
            and SHORTEST_S <= float(row["duration_s"]) <= settings.longest_clip_s
        ),
        settings.seed,
    )
    if not names:
        return await load_clips(caller)
    references = read_manifest(settings.speech_data)
    return [
        read_clip(settings.speech_data / name, caller.sample_rate_hz, references[name], "recorded")
        for name in names
    ]


def noises(settings: CallBenchSettings, caller: CallerSettings) -> list[Clip]:
    """Give recordings without speech that can be heard."""
    names = choose(
        settings.speech_data,
        lambda row: row["tag"] == "negative" and "silence" not in row["note"],
        settings.seed,
    )
    found = []
    for name in names:
        clip = read_noise(settings.speech_data / name, caller.sample_rate_hz)
        if clip is not None:
            found.append(clip)
    return found


def read_noise(path: Path, rate_hz: int, longest_s: float = 4.0) -> Clip | None:
    """Read the beginning of a noise; None when there is nothing to hear in it."""
    from caller.errors import ClipError

    try:
        clip = read_clip(path, rate_hz, None, "recorded")
    except ClipError:
        return None
    return Clip(clip.name, clip.samples[: round(longest_s * rate_hz)], rate_hz, None, "recorded")


def choose(folder: Path, wanted: Callable[[Mapping[str, str]], bool], seed: int) -> list[str]:
    """Give the files of a folder that are wanted, in the order of a seed."""
    details = folder / "details.tsv"
    if not details.exists():
        return []
    with details.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = sorted(row["file"] for row in rows if wanted(row) and (folder / row["file"]).exists())
    random.Random(seed).shuffle(names)
    return names
