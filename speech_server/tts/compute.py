"""Runs the stages for several utterances of one voice at once."""

from collections.abc import Sequence

import numpy as np

from speech_server.engines.piper import Floats
from speech_server.tts.utterance import Utterance
from speech_server.tts.windows import Window


def run_text(utterances: Sequence[Utterance], *, single: bool = False) -> None:
    """Run the text stage for utterances that have not begun; ``single`` takes one core only."""
    voice = utterances[0].voice
    rows = [item.text_row() for item in utterances]
    priors = (voice.single if single else voice).encode(rows)
    for item, prior in zip(utterances, priors, strict=True):
        item.begin(prior)


def run_windows(items: Sequence[tuple[Utterance, Window]], *, single: bool = False) -> list[Floats]:
    """Run flow and decoder for one window of each utterance; gives the new samples of each.

    ``single`` takes one core only.

    Windows of one width share a call. The flow is masked and therefore padded to the longest; the
    decoder is not, and gets rows of one true length only.
    """
    voice = items[0][0].voice.single if single else items[0][0].voice
    wanted = [utterance.flow_input(window) for utterance, window in items]
    longest = max(latent.shape[1] for latent, _ in wanted)
    made: Floats = np.zeros((len(items), voice.channels, longest), np.float32)
    if longest:
        for row, (latent, _) in enumerate(wanted):
            made[row, :, : latent.shape[1]] = latent
        lengths = [latent.shape[1] for latent, _ in wanted]
        made = voice.flow(made, lengths, [item.manner.speaker for item, _ in items])
    inputs = [
        utterance.accept_flow(made[row, :, : latent.shape[1]], skip, window)
        for row, ((utterance, window), (latent, skip)) in enumerate(zip(items, wanted, strict=True))
    ]
    result: list[Floats] = [np.zeros(0, np.float32)] * len(items)
    by_width: dict[int, list[int]] = {}
    for row, frames in enumerate(inputs):
        by_width.setdefault(frames.shape[1], []).append(row)
    for rows in by_width.values():
        batch = np.stack([inputs[row] for row in rows])
        speakers = [items[row][0].manner.speaker for row in rows]
        samples = voice.decode(batch, speakers)
        for row, made_row in zip(rows, samples, strict=True):
            utterance, window = items[row]
            result[row] = utterance.accept_samples(made_row, window)
    return result
