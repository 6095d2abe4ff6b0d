"""How close windows come to the whole graph with the same noise, at every seam and at the tail."""

import asyncio
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import model_store
from bench.tts.parts.roundtrip import read_sentences
from bench.tts.run import OURS, Run
from bench.tts.texts import SENTENCES
from speech_server.engines.piper import (
    Floats,
    Phonemizer,
    PiperVoice,
    decibels,
    find_files,
    load_voice,
    to_ids,
)
from speech_server.tts.compute import run_text, run_windows
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance
from speech_server.tts.windows import FIRST_WIDTHS, SHARED_WIDTH

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
    place = model_store.resolve(voice_name)
    voice, _ = load_voice(place, device="cpu", threads=0)
    if not isinstance(voice, PiperVoice):
        return []
    reference, noises = _reference(find_files(place)[0])
    phonemizer = Phonemizer(voice.config, 100)
    manner = Manner(1.0, voice.config.noise_scale, voice.config.noise_w_scale, 0)
    ids = [to_ids(phonemizer.phonemes(text), voice.config.phoneme_ids)[0] for text in texts]

    def utterances() -> list[Utterance]:
        return [Utterance(voice, one, manner, Noise(n, 0)) for n, one in enumerate(ids)]

    alone = [_speak([utterance]) for utterance in utterances()]
    beside = [_speak([utterance], single=True)[0][0] for utterance in utterances()]
    together = _speak(utterances(), keep=True)
    rows: list[dict[str, float]] = []
    for number, one in enumerate(ids):
        [samples], [seams] = alone[number][0], alone[number][1]
        noise = Noise(number, 0)
        feed = {
            "input": np.array([one], np.int64),
            "input_lengths": np.array([len(one)], np.int64),
            "scales": np.array([manner.noise_scale, 1.0, manner.noise_w_scale], np.float32),
        }
        for position, channels in enumerate(voice.rhythm_channels):
            feed[noises[position]] = noise.rhythm(position, channels, len(one))[None]
        frames = len(samples) // voice.hop
        feed[noises[-1]] = np.ascontiguousarray(noise.sound(frames, voice.channels).T[None])
        whole = reference.run(None, feed)[0].reshape(-1)
        near = _near(seams, len(samples), voice.hop)
        rows.append(
            {
                "whole_db": decibels(whole, samples),
                "seams_db": decibels(whole[near], samples[near]),
                "tail_db": decibels(whole[-20 * voice.hop :], samples[-20 * voice.hop :]),
                "beside_db": decibels(whole, beside[number]),
                "batch_db": decibels(whole, together[0][number]),
            }
        )
    return rows


def _speak(
    utterances: list[Utterance], *, single: bool = False, keep: bool = False
) -> tuple[list[Floats], list[list[int]]]:
    run_text(utterances, single=single)
    pieces: list[list[Floats]] = [[] for _ in utterances]
    step = 0
    while rows := [n for n, one in enumerate(utterances) if not one.finished]:
        width = FIRST_WIDTHS[step] if step < len(FIRST_WIDTHS) else SHARED_WIDTH
        items = [(utterances[n], utterances[n].plan(width, keep=keep)) for n in rows]
        made = run_windows(items, single=single)
        for row, samples in zip(rows, made, strict=True):
            pieces[row].append(samples)
        step += 1
    seams = [list(np.cumsum([len(piece) for piece in one])[:-1]) for one in pieces]
    return [np.concatenate(one) for one in pieces], seams


def _near(seams: list[int], length: int, hop: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mask = np.zeros(length, np.bool_)
    for seam in seams:
        mask[max(0, seam - SEAM_FRAMES * hop) : seam + SEAM_FRAMES * hop] = True
    if not seams:
        mask[:] = True
    return mask


def _reference(path: Path) -> tuple[onnxruntime.InferenceSession, list[str]]:
    model = onnx.load(str(path))
    names: list[str] = []
    for node in list(model.graph.node):
        if node.op_type == "RandomNormalLike":
            model.graph.node.remove(node)
            names.append(node.output[0])
            shape = [None, None, None]
            model.graph.input.append(
                helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, shape)
            )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session, names
