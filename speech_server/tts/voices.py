"""The voices that are served: known from their files, loaded when they are asked for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from speech_server.engines.piper import (
    AnyVoice,
    BrokenVoice,
    Phonemizer,
    PiperVoice,
    VoiceConfig,
    find_files,
    load_voice,
    read_config,
    to_ids,
)
from speech_server.errors import EngineFailed, VoiceNotFound
from speech_server.telemetry import Metrics, get_logger
from speech_server.tts import compute
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance

CALIBRATION_TEXT = "1 2 3 4 5 6 7 8 9 10."
"""Every language of espeak-ng reads numbers."""

LOUD_PEAK = 0.7
"""Peak of the calibration text after the voice's gain: -3 dB of full scale, since other sentences
have higher ones."""

log = get_logger(__name__)


@dataclass(frozen=True)
class VoiceSource:
    """A voice that may be asked for."""

    name: str
    place: Path
    config: VoiceConfig
    license: str


@dataclass(frozen=True)
class LoadedVoice:
    """A voice in memory.

    ``gain`` makes the voice as loud as others; it is the same for every sentence, because a gain
    for each would need the whole sentence before its first sample.
    """

    source: VoiceSource
    voice: AnyVoice
    phonemizer: Phonemizer
    gain: float

    @property
    def name(self) -> str:
        """Name that clients ask for."""
        return self.source.name

    @property
    def rate_hz(self) -> int:
        """The voice's own sample rate."""
        return self.source.config.sample_rate_hz


def open_source(name: str, place: Path, license: str) -> VoiceSource:
    """Read what a voice says about itself.

    Raises:
        BrokenVoice: The files are no voice.
    """
    graph, config = find_files(place)
    known = read_config(config)
    is_path = "/" in name or name.startswith((".", "~"))
    return VoiceSource(graph.stem if is_path else name, graph, known, license)


class VoiceStore:
    """Loads voices on an executor, and keeps the last used ones.

    Args:
        sources: The voices, the default first.
        pinned: Names of voices that are never unloaded; the default one never is.
        device: Where they run.
        threads: Threads of each on the CPU.
        capacity: Voices that are kept in memory.
        phoneme_cache: Texts of each voice whose phonemes are remembered.
        cache: Folder for the stages of voices; None cuts them anew each time.
        executor: Where loading blocks.
        metrics: Where to count.
        cut: Cut voices into stages.
    """

    def __init__(
        self,
        sources: Sequence[VoiceSource],
        *,
        pinned: Collection[str] = (),
        device: Literal["cpu", "cuda"],
        threads: int,
        capacity: int,
        phoneme_cache: int,
        cache: Path | None,
        executor: Executor,
        metrics: Metrics,
        cut: bool = True,
    ) -> None:
        self.sources = tuple(sources)
        self._by_name = {source.name: source for source in sources}
        self._device: Literal["cpu", "cuda"] = device
        self._threads = threads
        self._cut = cut
        self._capacity = max(1, capacity)
        self._phoneme_cache = phoneme_cache
        self._cache = cache
        self._pinned = {*pinned, self.default.name}
        self._executor = executor
        self._metrics = metrics
        self._loaded: OrderedDict[str, LoadedVoice] = OrderedDict()
        self._stages: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def default(self) -> VoiceSource:
        """The voice that an empty name stands for."""
        return self.sources[0]

    def is_loaded(self, name: str) -> bool:
        """Whether a voice is in memory."""
        return name in self._loaded

    def stages(self, name: str) -> int:
        """Stages that a voice runs in; 0 before it was first loaded."""
        return self._stages.get(name, 0)

    async def get(self, name: str) -> LoadedVoice:
        """Give a voice, loading it if need be; an empty name gives the default.

        Raises:
            VoiceNotFound: There is no such voice.
            EngineFailed: It cannot be loaded.
        """
        source = self._by_name.get(name) if name else self.default
        if source is None:
            raise VoiceNotFound(
                "no such voice is served; ListVoices names them", field="config.voice"
            )
        async with self._locks.setdefault(source.name, asyncio.Lock()):
            known = self._loaded.get(source.name)
            if known is None:
                try:
                    known = await asyncio.get_running_loop().run_in_executor(
                        self._executor, self._load, source
                    )
                except BrokenVoice as error:
                    log.error("voice cannot be loaded", voice=source.name, why=str(error))
                    raise EngineFailed("the voice cannot be loaded") from error
                self._loaded[source.name] = known
                self._metrics.tts_voices_loaded.set(len(self._loaded))
            self._loaded.move_to_end(source.name)
            self._evict()
        return known

    def _evict(self) -> None:
        for name in list(self._loaded):
            if len(self._loaded) <= self._capacity:
                return
            if name not in self._pinned:
                del self._loaded[name]  # streams that speak with it keep it until they end
                self._metrics.tts_voices_loaded.set(len(self._loaded))
                log.info("voice unloaded", voice=name)

    def _load(self, source: VoiceSource) -> LoadedVoice:
        begin = time.monotonic()
        voice, why = load_voice(
            source.place,
            device=self._device,
            threads=self._threads,
            cache=self._cache,
            cut=self._cut,
        )
        phonemizer = Phonemizer(source.config, self._phoneme_cache)
        gain = _measure_gain(voice, phonemizer)
        self._stages[source.name] = voice.stages
        self._metrics.tts_voice_stages.labels(source.name).set(voice.stages)
        log.info(
            "voice loaded",
            voice=source.name,
            stages=voice.stages,
            why_not_cut=why,
            flow_reach=getattr(voice, "flow_reach", None),
            decoder_reach=getattr(voice, "decoder_reach", None),
            gain=round(gain, 3),
            seconds=round(time.monotonic() - begin, 2),
        )
        return LoadedVoice(source, voice, phonemizer, gain)


def _measure_gain(voice: AnyVoice, phonemizer: Phonemizer) -> float:
    """Speak a fixed text, which also warms the voice up, and give the gain for its peak."""
    config = voice.config
    ids, _ = to_ids(phonemizer.phonemes(CALIBRATION_TEXT), config.phoneme_ids)
    manner = Manner(
        config.length_scale, config.noise_scale, config.noise_w_scale, config.default_speaker
    )
    if isinstance(voice, PiperVoice):
        utterance = Utterance(voice, ids, manner, Noise(0, 0))
        compute.run_text([utterance])
        pieces = []
        while not utterance.finished:
            pieces += compute.run_windows([(utterance, utterance.plan(64))])
        samples = np.concatenate(pieces)
    else:
        scales = (manner.noise_scale, manner.length_scale, manner.noise_w_scale)
        samples = voice.speak(ids, scales, manner.speaker)
    peak = float(np.max(np.abs(samples)))
    return LOUD_PEAK / peak if peak > 1e-4 else 1.0
