"""A Piper voice in memory, computed in stages."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import onnx

from speech_server.engines.piper import graph, reach
from speech_server.engines.piper.config import VoiceConfig, find_files, read_config
from speech_server.engines.piper.errors import BrokenVoice, UncutVoice
from speech_server.engines.piper.sessions import Floats, Ids, Session

EXACT_DB = 90.0
"""A stage is computed in windows only when that gives the same samples to this ratio."""


@dataclass(frozen=True)
class TextRow:
    """One utterance for the text stage.

    ``rhythm`` has one noise ``[C, P]`` for each of ``rhythm_channels``, already scaled.
    """

    ids: Sequence[int]
    rhythm: tuple[Floats, ...]
    speaker: int


@dataclass(frozen=True)
class Prior:
    """What the text stage says of one utterance, a row for each id.

    ``durations`` are frames before speed and rounding.
    """

    durations: Floats
    mean: Floats
    log_deviation: Floats


class StagedVoice(Protocol):
    """A voice that is computed in stages; the methods block and belong on one thread."""

    config: VoiceConfig
    stages: int
    channels: int
    rhythm_channels: tuple[int, ...]
    hop: int
    flow_reach: int | None
    decoder_reach: int | None

    def encode(self, rows: Sequence[TextRow]) -> list[Prior]:
        """Run the text stage for several utterances at once."""

    def flow(self, latents: Floats, lengths: Sequence[int], speakers: Sequence[int]) -> Floats:
        """Turn latents ``[B, C, T]`` into the decoder's input of the same shape."""

    def decode(self, frames: Floats, speakers: Sequence[int]) -> Floats:
        """Turn the decoder's input ``[B, C, T]`` into samples ``[B, T * hop]``."""


class PiperVoice:
    """A voice that could be cut.

    ``flow_reach`` and ``decoder_reach`` are the frames of context on each side that make a window
    exact; None where the stage must be computed over the whole utterance. ``stages`` is 3 when
    both are known, 2 with one of them, 1 with none.
    """

    def __init__(
        self,
        config: VoiceConfig,
        stages: graph.Stages,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
    ) -> None:
        self.config = config
        self._text_speaker = stages.text_speaker is not None
        self._flow_speaker = stages.flow_speaker is not None
        self._decoder_speaker = stages.decoder_speaker is not None
        self._has_scales = "scales" in stages.text.inputs
        self._text = Session(stages.text.model, device=device, threads=threads)
        self._flow = Session(stages.flow.model, device=device, threads=threads)
        self._decoder = Session(stages.decoder.model, device=device, threads=threads)
        self.rhythm_channels = tuple(
            Session(stage.model, device="cpu", threads=1).run(*_probe(stage.inputs))[0].shape[1]
            for stage in stages.noise_like
        )
        probe = self.encode([self._probe_row()])[0]
        self.channels = probe.mean.shape[1]
        self.flow_reach = self._check_flow(_reach(stages.flow))
        decoder = _measure(stages.decoder)
        self.hop = decoder.hop if decoder else self._measure_hop()
        self.decoder_reach = self._check_decoder(_context(decoder))
        self.stages = 1 + (self.flow_reach is not None) + (self.decoder_reach is not None)

    def encode(self, rows: Sequence[TextRow]) -> list[Prior]:
        """Run the text stage for several utterances at once, padded to the longest.

        Everything in it is masked by length, so that a row does not depend on its neighbours.
        """
        longest = max(len(row.ids) for row in rows)
        ids: Ids = np.zeros((len(rows), longest), np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row.ids)] = row.ids
        lengths = np.array([len(row.ids) for row in rows], np.int64)
        feed: list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = [ids, lengths]
        for number, channels in enumerate(self.rhythm_channels):
            noise: Floats = np.zeros((len(rows), channels, longest), np.float32)
            for index, row in enumerate(rows):
                noise[index, :, : len(row.ids)] = row.rhythm[number]
            feed.append(noise)
        if self._has_scales:
            feed.append(np.ones(3, np.float32))
        if self._text_speaker:
            feed.append(np.array([row.speaker for row in rows], np.int64))
        durations, mean, deviation = self._text.run(*feed)
        return [
            Prior(
                durations=durations[index, 0, : len(row.ids)],
                mean=mean[index, : len(row.ids)],
                log_deviation=deviation[index, : len(row.ids)],
            )
            for index, row in enumerate(rows)
        ]

    def flow(self, latents: Floats, lengths: Sequence[int], speakers: Sequence[int]) -> Floats:
        """Turn latents ``[B, C, T]`` into the decoder's input; a row may be shorter than T."""
        time = np.arange(latents.shape[2])
        mask = (time[None, None, :] < np.asarray(lengths)[:, None, None]).astype(np.float32)
        more = [np.asarray(speakers, np.int64)] if self._flow_speaker else []
        return self._flow.run(latents, mask, *more)[0]

    def decode(self, frames: Floats, speakers: Sequence[int]) -> Floats:
        """Turn the decoder's input ``[B, C, T]`` into samples ``[B, T * hop]``.

        The decoder has no mask: rows of one call must have the same true length.
        """
        more = [np.asarray(speakers, np.int64)] if self._decoder_speaker else []
        return self._decoder.run(frames, *more)[0].reshape(frames.shape[0], -1)

    def _probe_row(self) -> TextRow:
        ids = [ids[0] for ids in list(self.config.phoneme_ids.values())[:8]]
        noise = tuple(np.zeros((n, len(ids)), np.float32) for n in self.rhythm_channels)
        return TextRow(ids, noise, self.config.default_speaker)

    def _noise(self, frames: int) -> Floats:
        shape = (1, self.channels, frames)
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)

    def _measure_hop(self) -> int:
        return int(self.decode(self._noise(32), [0]).shape[1]) // 32

    def _check_flow(self, context: int | None) -> int | None:
        """Compare a window with the whole: the arithmetic of `reach` must hold on this graph."""
        if context is None:
            return None
        size = 2 * context + 16
        whole = self._noise(size + 2 * context)
        full = self.flow(whole, [whole.shape[2]], [0])[0]
        part = self.flow(np.ascontiguousarray(whole[:, :, context : context + size]), [size], [0])
        middle = slice(context, size - context)
        same = decibels(full[:, context:][:, middle], part[0][:, middle]) >= EXACT_DB
        return context if same else None

    def _check_decoder(self, context: int | None) -> int | None:
        if context is None:
            return None
        size = 2 * context + 8
        whole = self._noise(size + 2 * context)
        full = self.decode(whole, [0])[0]
        part = self.decode(np.ascontiguousarray(whole[:, :, context : context + size]), [0])[0]
        middle = slice(context * self.hop, (size - context) * self.hop)
        same = decibels(full[context * self.hop :][middle], part[middle]) >= EXACT_DB
        return context if same else None


class WholeVoice:
    """A voice that could not be cut: one graph, its noise drawn inside, nothing repeats."""

    stages = 1

    def __init__(
        self,
        config: VoiceConfig,
        model: bytes,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
    ) -> None:
        self.config = config
        self._session = Session(model, device=device, threads=threads, outputs=1)
        self._has_speaker = "sid" in self._session.inputs

    def speak(self, ids: Sequence[int], scales: tuple[float, float, float], speaker: int) -> Floats:
        """Give the samples of an utterance; scales are sound, length and rhythm."""
        more = [np.array([speaker], np.int64)] if self._has_speaker else []
        values = np.array([ids], np.int64), np.array([len(ids)], np.int64)
        return self._session.run(*values, np.array(scales, np.float32), *more)[0].reshape(-1)


AnyVoice = PiperVoice | WholeVoice

_load_lock = threading.Lock()


def load_voice(
    place: Path, *, device: Literal["cpu", "cuda"], threads: int, cut: bool = True
) -> tuple[AnyVoice, str | None]:
    """Load a voice from its folder or graph, and cut it.

    Blocks for seconds. Gives the voice, and why it was not cut when it was not.

    Args:
        place: Folder or graph.
        device: Where it runs.
        threads: On the CPU.
        cut: Cut it, if that can be done.

    Raises:
        BrokenVoice: The files are no voice, or ONNX Runtime cannot load it.
    """
    graph_path, config_path = find_files(place)
    config = read_config(config_path)
    # One at a time: the copies that cutting makes for a moment are several times the voice.
    with _load_lock:
        try:
            try:
                if not cut:
                    raise UncutVoice("switched off")
                stages = graph.cut(onnx.load(str(graph_path)))
                return PiperVoice(config, stages, device=device, threads=threads), None
            except UncutVoice as error:
                data = graph_path.read_bytes()
                return WholeVoice(config, data, device=device, threads=threads), str(error)
        except BrokenVoice:
            raise
        except Exception as error:  # ONNX and ONNX Runtime raise kinds of their own
            raise BrokenVoice(f"the graph cannot be loaded: {type(error).__name__}") from error


def decibels(reference: Floats, other: Floats) -> float:
    """Ratio of a signal to its difference from another, in decibels."""
    difference = float(np.mean((reference.astype(np.float64) - other) ** 2))
    power = float(np.mean(reference.astype(np.float64) ** 2))
    if difference == 0.0:
        return float("inf")
    return 10.0 * float(np.log10(max(power, 1e-30) / difference))


def _measure(stage: graph.Stage) -> reach.Reach | None:
    try:
        return reach.measure(stage.model, stage.inputs[0], stage.outputs[0])
    except UncutVoice:
        return None


def _context(measured: reach.Reach | None) -> int | None:
    return None if measured is None else max(measured.left, measured.right)


def _reach(stage: graph.Stage) -> int | None:
    measured = _measure(stage)
    return _context(measured) if measured is not None and measured.hop == 1 else None


def _probe(inputs: Sequence[str]) -> list[Ids]:
    values = {"input": np.zeros((1, 4), np.int64), "input_lengths": np.array([4], np.int64)}
    return [values[name] for name in inputs]
