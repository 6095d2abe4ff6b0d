"""Takes the memory that synthesis needs at its widest before the first caller comes.

The arena of the sessions grows when more is needed at one moment than ever before, and keeps it
(ADR 0008). Left to chance that moment comes after minutes or hours of calls, and looks like a leak.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

import numpy as np

from speech_server.engines.piper import PiperVoice, TextRow
from speech_server.tts.segmenter import MAX_CHARS
from speech_server.tts.utterance import FLOW_AHEAD_FRAMES
from speech_server.tts.windows import AMPLE_WIDTH

IDS: Final = 2 * MAX_CHARS + 3
"""Ids of the longest segment: a sound for each letter, what is between them, and both ends."""

TIMES: Final = 2
"""Steps at the same time need the most memory at slightly different moments."""


def warm_up(voice: PiperVoice, steps: int) -> None:
    """Compute the widest step of each stage on all cores, and then on one core for each of several.

    Blocks for half a second. The results mean nothing and are dropped.

    Args:
        voice: The voice; all voices take memory from one arena.
        steps: Steps that may be computed at the same time.
    """
    together = Barrier(steps)

    def compute() -> None:
        for _ in range(TIMES):
            _compute_widest(voice.single, together)

    with ThreadPoolExecutor(steps, "tts-warm-up") as threads:
        for done in [threads.submit(compute) for _ in range(steps)]:
            done.result()
    _compute_widest(voice)


def _compute_widest(voice: PiperVoice, together: Barrier | None = None) -> None:
    speaker = voice.config.default_speaker
    ids = [ids[0] for ids in voice.config.phoneme_ids.values() if ids]
    rhythm = tuple(np.zeros((channels, IDS), np.float32) for channels in voice.rhythm_channels)
    row = TextRow(np.resize(ids, IDS).tolist(), rhythm, speaker)
    frames = FLOW_AHEAD_FRAMES + 2 * (voice.flow_reach or 0)
    latent = np.zeros((1, voice.channels, frames), np.float32)
    for step in (
        lambda: voice.encode([row]),
        lambda: voice.flow(latent, [frames], [speaker]),
        lambda: voice.decode(latent[:, :, :AMPLE_WIDTH], [speaker]),
    ):
        if together is not None:
            together.wait()
        step()
