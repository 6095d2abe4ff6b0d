"""How close windows come to the whole graph with the same noise, at every seam and at the tail."""

import asyncio
from typing import Final

import numpy as np

from bench.tts import whole_graph
from bench.tts.parts.roundtrip import read_sentences
from bench.tts.run import OURS, Run
from bench.tts.texts import SENTENCES
from speech_server.engines.piper import Floats, Phonemizer, decibels, to_ids
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance
from speech_server.tts.windows import FIRST_WIDTHS, SHARED_WIDTH

WIDTHS: Final = (*FIRST_WIDTHS, SHARED_WIDTH)
SEAM_FRAMES = 4
BATCH = 8
OTHERS = 8
"""Sentences of the round trip that are compared as well."""


async def measure(run: Run) -> None:
    """Compare all texts of each length, and some of those that are recognised again."""
    texts = [(name, text) for name, sentences in SENTENCES.items() for text in sentences]
    texts += [("others", text) for text in read_sentences()[:OTHERS]]
    for at in range(0, len(texts), BATCH):
        some = texts[at : at + BATCH]
        rows = await asyncio.to_thread(compare, run.settings.voice, [text for _, text in some])
        for (name, _), row in zip(some, rows, strict=True):
            run.add("exact", OURS, name, **row)


def compare(voice_name: str, texts: list[str]) -> list[dict[str, float]]:
    """Compare each text alone, on one core as beside others, and in a batch; rows of decibels."""
    if (loaded := whole_graph.load(voice_name)) is None:
        return []
    voice, reference = loaded
    phonemizer = Phonemizer(voice.config, 100)
    manner = Manner(1.0, voice.config.noise_scale, voice.config.noise_w_scale, 0)
    ids = [to_ids(phonemizer.phonemes(text), voice.config.phoneme_ids)[0] for text in texts]

    def pieces(*, together: bool, single: bool = False) -> list[list[Floats]]:
        utterances = [Utterance(voice, one, manner, Noise(n, 0)) for n, one in enumerate(ids)]
        return whole_graph.pieces_of(
            utterances, WIDTHS, together=together, single=single, keep=together
        )

    alone = pieces(together=False)
    beside = pieces(together=False, single=True)
    batch = pieces(together=True)
    rows: list[dict[str, float]] = []
    for number, one in enumerate(ids):
        samples = np.concatenate(alone[number])
        frames = len(samples) // voice.hop
        whole = reference.speak(voice, one, manner, number, frames)
        seams = list(np.cumsum([len(piece) for piece in alone[number]])[:-1])
        near = _near(seams, len(samples), voice.hop)
        rows.append(
            {
                "whole_db": decibels(whole, samples),
                "seams_db": decibels(whole[near], samples[near]),
                "tail_db": decibels(whole[-20 * voice.hop :], samples[-20 * voice.hop :]),
                "beside_db": decibels(whole, np.concatenate(beside[number])),
                "batch_db": decibels(whole, np.concatenate(batch[number])),
            }
        )
    return rows


def _near(seams: list[int], length: int, hop: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mask = np.zeros(length, np.bool_)
    for seam in seams:
        mask[max(0, seam - SEAM_FRAMES * hop) : seam + SEAM_FRAMES * hop] = True
    if not seams:
        mask[:] = True
    return mask
