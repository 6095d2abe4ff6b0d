"""A Piper voice in memory, computed in stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from speech_server.engines.piper.config import VoiceConfig
from speech_server.engines.piper.cut import Cut
from speech_server.engines.piper.sessions import Floats, Ids, Session, Weights


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

    @property
    def stages(self) -> int:
        """Stages that it runs in."""

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
    both are known, 2 with one of them, 1 with none. ``single`` is the same voice on one core, for
    steps that are computed beside others.
    """

    single: "PiperVoice"

    def __init__(
        self,
        config: VoiceConfig,
        cut: Cut,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
        weights: Mapping[Path, Weights] | None = None,
    ) -> None:
        self.config = config
        self.rhythm_channels = cut.rhythm_channels
        self.channels = cut.channels
        self.hop = cut.hop
        self.flow_reach = cut.flow_reach
        self.decoder_reach = cut.decoder_reach
        self.single = self
        if device == "cpu" and threads != 1:
            stages = (cut.text, cut.flow, cut.decoder)
            weights = {stage: Weights(cut.weights(stage)) for stage in stages}
            self.single = PiperVoice(config, cut, device=device, threads=1, weights=weights)
        self._cut = cut
        self._together = device != "cpu"
        one_core = device == "cpu" and threads == 1 and cut.decoder_of_one_core.is_file()
        decoder = cut.decoder_of_one_core if one_core else cut.decoder
        self._text, self._flow, self._decoder = (
            Session(stage, device=device, threads=threads, weights=(weights or {}).get(stage))
            for stage in (cut.text, cut.flow, decoder)
        )

    @property
    def stages(self) -> int:
        """Stages that it runs in."""
        return 1 + (self.flow_reach is not None) + (self.decoder_reach is not None)

    def encode(self, rows: Sequence[TextRow]) -> list[Prior]:
        """Run the text stage for several utterances.

        On a GPU they are padded to the longest: everything in it is masked by length, so that a
        row does not depend on its neighbours. On a CPU each is computed alone. A batch is summed
        in another order there, and what is 128 dB after this stage was 93 dB in the sound.
        """
        if len(rows) > 1 and not self._together:
            return [prior for row in rows for prior in self.encode([row])]
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
        if self._cut.has_scales:
            feed.append(np.ones(3, np.float32))
        if self._cut.text_speaker:
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
        more = [np.asarray(speakers, np.int64)] if self._cut.flow_speaker else []
        return self._flow.run(latents, mask, *more)[0]

    def decode(self, frames: Floats, speakers: Sequence[int]) -> Floats:
        """Turn the decoder's input ``[B, C, T]`` into samples ``[B, T * hop]``.

        The decoder has no mask: rows of one call must have the same true length.
        """
        more = [np.asarray(speakers, np.int64)] if self._cut.decoder_speaker else []
        return self._decoder.run(frames, *more)[0].reshape(frames.shape[0], -1)


class WholeVoice:
    """A voice that could not be cut: one graph, its noise drawn inside, nothing repeats."""

    stages = 1

    def __init__(
        self,
        config: VoiceConfig,
        graph: Path,
        *,
        device: Literal["cpu", "cuda"],
        threads: int,
    ) -> None:
        self.config = config
        self._session = Session(graph, device=device, threads=threads, outputs=1)
        self._has_speaker = "sid" in self._session.inputs

    def speak(self, ids: Sequence[int], scales: tuple[float, float, float], speaker: int) -> Floats:
        """Give the samples of an utterance; scales are sound, length and rhythm."""
        more = [np.array([speaker], np.int64)] if self._has_speaker else []
        values = np.array([ids], np.int64), np.array([len(ids)], np.int64)
        return self._session.run(*values, np.array(scales, np.float32), *more)[0].reshape(-1)


AnyVoice = PiperVoice | WholeVoice


def decibels(reference: Floats, other: Floats) -> float:
    """Ratio of a signal to its difference from another, in decibels."""
    difference = float(np.mean((reference.astype(np.float64) - other) ** 2))
    power = float(np.mean(reference.astype(np.float64) ** 2))
    if difference == 0.0:
        return float("inf")
    return 10.0 * float(np.log10(max(power, 1e-30) / difference))
