"""The models of recognition, loaded once and shared by all streams."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

import model_store
from speech_server.audio.decoding import Samples
from speech_server.engines.base import DecodeItem, RecognitionEngine, TurnModel
from speech_server.engines.silero import SileroVad
from speech_server.engines.smart_turn import SmartTurn
from speech_server.engines.whisper import WhisperEngine, WhisperOptions, cuda_devices
from speech_server.errors import DeviceUnavailable, ModelUnavailable
from speech_server.scheduling.device import Device
from speech_server.scheduling.scheduler import Scheduler
from speech_server.settings import Settings, environment_name
from speech_server.telemetry import Metrics, get_logger

log = get_logger(__name__)

FRONT_END_THREADS: Final = 2
WARM_SECONDS: Final = 3
CPU_LANES: Final = 2
"""One for interims and one that a final finds free."""

SMALL_BYTES: Final = 250_000_000
"""Weights that may be in memory twice."""

Opened = TypeVar("Opened")


class SttModels:
    """Everything that streams share. Made by `load`.

    ``front_end`` runs what is computed for each chunk of a stream: resampling, spectrum, voice.
    """

    def __init__(
        self,
        *,
        engine: RecognitionEngine,
        vad: SileroVad,
        turn: TurnModel | None,
        settings: Settings,
        metrics: Metrics,
        device: Device | None = None,
    ) -> None:
        self.license = _license(settings.stt_model)
        self.engine = engine
        self.vad = vad
        self.turn = turn
        self.front_end = ThreadPoolExecutor(FRONT_END_THREADS, "speech-front-end")
        self.scheduler = Scheduler(
            engine,
            lanes=_lanes(settings),
            max_batch=settings.stt_max_batch,
            max_interim_batch=max(1, settings.stt_max_batch // 2),
            metrics=metrics,
            device=device,
        )

    @classmethod
    async def load(
        cls, settings: Settings, metrics: Metrics, device: Device | None = None
    ) -> "SttModels":
        """Load the models and run each once; ``device`` tells who else computes there.

        Raises:
            StartupError: A model or a device cannot be had.
        """
        with ThreadPoolExecutor(1, "speech-stt-load") as loader:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(loader, cls._load, settings, metrics, device)

    @classmethod
    def _load(cls, settings: Settings, metrics: Metrics, device: Device | None) -> "SttModels":
        began = time.monotonic()
        if settings.device == "cuda" and not cuda_devices():
            raise DeviceUnavailable(
                "cuda was asked for, and recognition sees no CUDA device",
                setting=environment_name("device"),
            )
        engine = _load_engine(settings)
        if settings.device != "auto" and engine.device != settings.device:
            raise DeviceUnavailable(
                f"{settings.device} was asked for, and recognition runs on {engine.device}",
                setting=environment_name("device"),
            )
        vad = _open(SileroVad, "vad_model", settings.vad_model)
        turn = _open(SmartTurn, "turn_model", settings.turn_model) if settings.turn_model else None
        quiet = np.random.default_rng(1).normal(0, 1e-3, WARM_SECONDS * 16_000).astype(np.float32)
        vad.stream().push(quiet)
        if turn:
            turn.probability(quiet)
        features = np.zeros((engine.n_mels, WARM_SECONDS * 100), np.float32)
        warm = DecodeItem(features, language=engine.languages[0])
        engine.decode([warm])
        decoding = time.perf_counter()
        engine.decode([warm])
        took_s = time.perf_counter() - decoding
        log.info(
            "recognition is warm",
            model=engine.name,
            device=engine.device,
            compute_type=engine.compute_type,
            backend=engine.backend,
            turn_model=bool(turn),
            seconds=round(time.monotonic() - began, 3),
        )
        models = cls(
            engine=engine, vad=vad, turn=turn, settings=settings, metrics=metrics, device=device
        )
        models.scheduler.headroom.learn(took_s, warm.seconds)
        return models

    def end_of_turn(self, audio: Samples) -> float:
        """Probability that the turn is over after this audio. Blocks; needs a turn model."""
        assert self.turn is not None
        return self.turn.probability(audio)

    def close(self) -> None:
        """Stop the threads and free the model. Blocks."""
        self.scheduler.close()
        self.front_end.shutdown()
        self.engine.close()


def _license(model: str) -> str:
    """Licence of a locked model; that of a path is not known."""
    try:
        return model_store.load_lock(model_store.ModelStoreSettings().lock_file).get(model).licence
    except model_store.ModelStoreError:
        return ""


def _lanes(settings: Settings) -> int:
    """Give the batches that are decoded at once."""
    if settings.stt_lanes or settings.device == "cuda":
        return settings.stt_lanes or 1
    threads = settings.threads or len(os.sched_getaffinity(0))
    on_cuda = settings.device == "auto" and cuda_devices()
    return 1 if on_cuda or threads < CPU_LANES else CPU_LANES


def _load_engine(settings: Settings) -> WhisperEngine:
    lanes = _lanes(settings)
    place = _place("stt_model", settings.stt_model)
    weights = place / "model.bin"
    small = weights.is_file() and weights.stat().st_size <= SMALL_BYTES
    options = WhisperOptions(
        name=Path(settings.stt_model).name,
        device=settings.device,
        compute_type=settings.stt_compute_type,
        threads=settings.threads,
        lanes=lanes,
        narrow_decoder=lanes > 1 and small,
        backend=settings.stt_backend,
        beam=settings.stt_beam,
        short_context=settings.stt_short_context,
        margin_ms=settings.stt_context_margin_ms,
        least_ms=settings.stt_context_least_ms,
    )
    try:
        return WhisperEngine(place, options)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelUnavailable(
            f"cannot load {settings.stt_model}: {error}", setting=environment_name("stt_model")
        ) from error


def _open(kind: Callable[[Path], Opened], field: str, name: str) -> Opened:
    place = _place(field, name)
    try:
        return kind(place)
    except Exception as error:  # ONNX Runtime's own have no common root
        raise ModelUnavailable(
            f"cannot load {name}: {error}", setting=environment_name(field)
        ) from error


def _place(field: str, name: str) -> Path:
    try:
        return model_store.resolve(name)
    except model_store.ModelStoreError as error:
        raise ModelUnavailable(str(error), setting=environment_name(field)) from error
