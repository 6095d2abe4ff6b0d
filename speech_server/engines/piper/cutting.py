"""Cuts a voice and writes its stages: `python -m speech_server.engines.piper.cutting VOICE FOLDER`.

A program of its own, because cutting takes several times the voice's memory, which a process does
not give back, and holds Python's lock for hundreds of milliseconds.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from speech_server.engines.piper import blocked, graph, reach, rewriting
from speech_server.engines.piper.config import VoiceConfig, find_files, read_config
from speech_server.engines.piper.cut import Cut, write_uncut
from speech_server.engines.piper.errors import UncutVoice
from speech_server.engines.piper.sessions import Floats, Ids, Session, Weights
from speech_server.engines.piper.voice import PiperVoice, TextRow, decibels

EXACT_DB = 90.0
"""A stage is computed in windows only when that gives the same samples to this ratio."""

CHECKED_LENGTHS = (2, 7, 90)
"""Ids for which a rewritten text stage is compared with the original."""

TIMED_FRAMES = 128
FASTER = 0.97
"""Share of the time that a second form of the decoder may take to be worth keeping."""

NICE = 10


def cut_voice(place: Path, folder: Path) -> None:
    """Write the stages of a voice, or why it cannot be cut, into an empty folder.

    Raises:
        BrokenVoice: The files are no voice.
    """
    graph_path, config_path = find_files(place)
    config = read_config(config_path)
    try:
        stages = graph.cut(onnx.load(str(graph_path)))
        _write(stages, config, folder).write()
    except UncutVoice as error:
        write_uncut(folder, str(error))


def _write(stages: graph.Stages, config: VoiceConfig, folder: Path) -> Cut:
    decoder = _measure(stages.decoder)
    flow = _measure(stages.flow)
    provisional = Cut(
        folder=folder,
        channels=0,
        rhythm_channels=tuple(
            Session(stage.model.SerializeToString(), device="cpu", threads=1)
            .run(*_probe(stage.inputs))[0]
            .shape[1]
            for stage in stages.noise_like
        ),
        hop=decoder.hop if decoder else 0,
        flow_reach=_context(flow) if flow is not None and flow.hop == 1 else None,
        decoder_reach=_context(decoder),
        has_scales="scales" in stages.text.inputs,
        text_speaker=stages.text_speaker is not None,
        flow_speaker=stages.flow_speaker is not None,
        decoder_speaker=stages.decoder_speaker is not None,
    )
    for stage, path in (
        (_faster(stages.text, provisional, config), provisional.text),
        (stages.flow.model, provisional.flow),
        (stages.decoder.model, provisional.decoder),
    ):
        Session(stage.SerializeToString(), device="cpu", threads=1, save_as=path)
        Weights.write(
            provisional.weights(path),
            {
                value.name: numpy_helper.to_array(value)
                for value in onnx.load(str(path)).graph.initializer
            },
        )
    found = _Check(provisional, config).result()
    _write_for_one_core(stages.decoder, found)
    return found


def _write_for_one_core(stage: graph.Stage, cut: Cut) -> None:
    """Write the decoder in blocks, where that gives the same to `EXACT_DB` in less time."""
    try:
        made = blocked.rewrite_decoder(stage.model)
        before, after = (
            Session(model.SerializeToString(), device="cpu", threads=1)
            for model in (stage.model, made)
        )
        frames = np.random.default_rng(0).standard_normal(
            (1, cut.channels, TIMED_FRAMES), dtype=np.float32
        )
        [old], [new] = before.run(frames), after.run(frames)
        if old.shape != new.shape or decibels(old, new) < EXACT_DB:
            return
        if _seconds(after, frames) > FASTER * _seconds(before, frames):
            return
    except Exception:  # a graph that was never seen; it runs as it is
        return
    Session(made.SerializeToString(), device="cpu", threads=1, save_as=cut.decoder_of_one_core)


def _seconds(session: Session, frames: Floats) -> float:
    """Computing time of a run, the least of a few: others may use the machine too."""
    least = float("inf")
    for _ in range(3):
        begin = time.process_time()
        session.run(frames)
        least = min(least, time.process_time() - begin)
    return least


def _faster(stage: graph.Stage, cut: Cut, config: VoiceConfig) -> onnx.ModelProto:
    """Rewrite the text stage, where that gives the same to `EXACT_DB`."""
    try:
        made = rewriting.rewrite(stage.model)
        before, after = (
            Session(model.SerializeToString(), device="cpu", threads=1)
            for model in (stage.model, made)
        )
        for length in CHECKED_LENGTHS:
            feed = _text_feed(stage, cut, config, length)
            pairs = zip(before.run(*feed), after.run(*feed), strict=True)
            if any(decibels(old, new) < EXACT_DB for old, new in pairs):
                return stage.model
    except Exception:  # a graph that was never seen; it runs as it is
        return stage.model
    return made


def _text_feed(
    stage: graph.Stage, cut: Cut, config: VoiceConfig, length: int
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    random = np.random.default_rng(length)
    known = sorted({one for ids in config.phoneme_ids.values() for one in ids})
    feed: list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = [
        random.choice(np.array(known, np.int64), (1, length)),
        np.array([length], np.int64),
    ]
    for channels in cut.rhythm_channels:
        feed.append(random.standard_normal((1, channels, length)).astype(np.float32))
    if cut.has_scales:
        feed.append(np.ones(3, np.float32))
    if stage.inputs[-1] == "sid":
        feed.append(np.array([config.default_speaker], np.int64))
    return feed


class _Check:
    """Tries the stages: the arithmetic of `reach` must hold on this graph."""

    def __init__(self, cut: Cut, config: VoiceConfig) -> None:
        self._cut = cut
        self._config = config
        self._voice = PiperVoice(config, cut, device="cpu", threads=1)
        self._channels = self._voice.encode([self._row()])[0].mean.shape[1]

    def result(self) -> Cut:
        hop = self._cut.hop or self._voice.decode(self._noise(32), [0]).shape[1] // 32
        known = {**vars(self._cut), "channels": self._channels, "hop": hop}
        return Cut(
            **{
                **known,
                "flow_reach": self._flow(self._cut.flow_reach),
                "decoder_reach": self._decoder(self._cut.decoder_reach, hop),
            }
        )

    def _row(self) -> TextRow:
        ids = [ids[0] for ids in list(self._config.phoneme_ids.values())[:8]]
        noise = tuple(np.zeros((n, len(ids)), np.float32) for n in self._cut.rhythm_channels)
        return TextRow(ids, noise, self._config.default_speaker)

    def _noise(self, frames: int) -> Floats:
        shape = (1, self._channels, frames)
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)

    def _flow(self, context: int | None) -> int | None:
        """Compare a window with the whole."""
        if context is None:
            return None
        size = 2 * context + 16
        whole = self._noise(size + 2 * context)
        full = self._voice.flow(whole, [whole.shape[2]], [0])[0]
        window = np.ascontiguousarray(whole[:, :, context : context + size])
        part = self._voice.flow(window, [size], [0])
        middle = slice(context, size - context)
        same = decibels(full[:, context:][:, middle], part[0][:, middle]) >= EXACT_DB
        return context if same else None

    def _decoder(self, context: int | None, hop: int) -> int | None:
        if context is None:
            return None
        size = 2 * context + 8
        whole = self._noise(size + 2 * context)
        full = self._voice.decode(whole, [0])[0]
        window = np.ascontiguousarray(whole[:, :, context : context + size])
        part = self._voice.decode(window, [0])[0]
        middle = slice(context * hop, (size - context) * hop)
        same = decibels(full[context * hop :][middle], part[middle]) >= EXACT_DB
        return context if same else None


def _measure(stage: graph.Stage) -> reach.Reach | None:
    try:
        return reach.measure(stage.model, stage.inputs[0], stage.outputs[0])
    except UncutVoice:
        return None


def _context(measured: reach.Reach | None) -> int | None:
    return None if measured is None else max(measured.left, measured.right)


def _probe(inputs: Sequence[str]) -> list[Ids]:
    values = {"input": np.zeros((1, 4), np.int64), "input_lengths": np.array([4], np.int64)}
    return [values[name] for name in inputs]


def main() -> None:
    """Cut the voice that the arguments name; streams that are spoken meanwhile go first."""
    os.nice(NICE)
    cut_voice(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
