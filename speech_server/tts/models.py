"""The voices, the threads and the scheduler of synthesis, shared by all streams."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import model_store
from speech_server.engines.piper import BrokenVoice, PiperVoice, resolve_device
from speech_server.errors import DeviceUnavailable, EngineFailed, ModelUnavailable
from speech_server.scheduling.device import Device
from speech_server.settings import Settings, as_path, environment_name
from speech_server.telemetry import Metrics
from speech_server.tts.context import Workshop
from speech_server.tts.recordings import Recordings
from speech_server.tts.scheduler import Scheduler
from speech_server.tts.voices import VoiceSource, VoiceStore, open_source
from speech_server.tts.warming import warm_up

CUDA_TEXTS, CUDA_WINDOWS = 4, 8
"""Steps of so many callers are computed together on a GPU. On a CPU a batch takes as long as its
rows one by one (measured), so the first of them would only wait for the others."""

MAX_CPU_STEPS = 8
"""Most steps at the same time on a CPU, each on a core; `docs/adr/0005-steps-of-several-callers.md`
has figures."""

CLOSE_S = 5.0


class TtsModels:
    """Everything that synthesis streams share. Made by `load`."""

    def __init__(
        self,
        voices: VoiceStore,
        scheduler: Scheduler,
        workshop: Workshop,
        executors: tuple[ThreadPoolExecutor, ...],
        device: Literal["cpu", "cuda"],
    ) -> None:
        self.voices = voices
        self.scheduler = scheduler
        self.workshop = workshop
        self.device = device
        self._executors = executors

    @classmethod
    async def load(
        cls, settings: Settings, metrics: Metrics, shared: Device | None = None
    ) -> "TtsModels":
        """Find the voices, load the default one, and start the scheduler.

        ``shared`` tells when recognition computes on the same device.

        Raises:
            StartupError: A voice or a device cannot be had.
        """
        loader = ThreadPoolExecutor(1, "tts-load")
        text = ThreadPoolExecutor(1, "tts-text")
        loop = asyncio.get_running_loop()
        try:
            device, sources = await loop.run_in_executor(loader, _find, settings)
            cuda = device == "cuda"
            steps = 1 if cuda else min(settings.tts_threads or os.cpu_count() or 1, MAX_CPU_STEPS)
            voices = VoiceStore(
                sources,
                pinned=_pinned(settings, sources),
                device=device,
                threads=settings.tts_threads,
                cut=settings.tts_stages == "auto",
                capacity=settings.tts_loaded_voices,
                phoneme_cache=settings.tts_phoneme_cache,
                cache=model_store.ModelStoreSettings().cache_dir / "voices",
                executor=loader,
                metrics=metrics,
            )
            for name in (sources[0].name, *_pinned(settings, sources)):
                try:
                    await voices.get(name)
                except EngineFailed as error:
                    raise ModelUnavailable(
                        f"cannot load {name}: {error.__cause__}",
                        setting=environment_name("tts_voices"),
                    ) from error
            voice = (await voices.get("")).voice
            if isinstance(voice, PiperVoice) and not cuda:
                await loop.run_in_executor(loader, warm_up, voice, steps)
        except BaseException:
            loader.shutdown(wait=False)
            text.shutdown(wait=False)
            raise
        recordings = Recordings(
            settings.tts_recordings_seconds * voices.default.config.sample_rate_hz
        )
        scheduler = Scheduler(
            metrics,
            threads=steps,
            text_batch=CUDA_TEXTS if cuda else 1,
            window_batch=CUDA_WINDOWS if cuda else 1,
            recordings=recordings,
            max_unread_s=settings.tts_max_unread_ms / 1000,
            shared=shared,
            yield_s=settings.tts_yield_ms / 1000,
        )
        scheduler.start()
        workshop = Workshop(
            scheduler=scheduler,
            executor=text,
            metrics=metrics,
            recordings=recordings,
            first_clause=settings.tts_first_clause_letters,
            opening=settings.tts_opening_letters,
            sentence_silence_ms=settings.tts_sentence_silence_ms,
            buffer_delay_ms=settings.tts_buffer_delay_ms,
            join_letters=settings.tts_join_letters,
        )
        return cls(voices, scheduler, workshop, (loader, text), device)

    def close(self) -> None:
        """Stop the threads. Blocks."""
        self.scheduler.close(CLOSE_S)
        for executor in self._executors:
            executor.shutdown()


def _find(settings: Settings) -> tuple[Literal["cpu", "cuda"], list[VoiceSource]]:
    setting = environment_name("tts_voices")
    try:
        device = resolve_device(settings.device)
    except BrokenVoice as error:
        raise DeviceUnavailable(str(error), setting=environment_name("device")) from error
    sources: list[VoiceSource] = []
    for name in settings.tts_voices:
        try:
            place = model_store.resolve(name)
            sources.append(open_source(name, place, _license(name)))
        except (model_store.ModelStoreError, BrokenVoice) as error:
            raise ModelUnavailable(f"{name}: {error}", setting=setting) from error
    names = [source.name for source in sources]
    if len(set(names)) != len(names):
        raise ModelUnavailable("two voices have the same name", setting=setting)
    return device, sources


def _pinned(settings: Settings, sources: list[VoiceSource]) -> tuple[str, ...]:
    """Names of the pinned voices, each of which must be served."""
    served = {source.name for source in sources}
    for name in settings.tts_pinned_voices:
        if name not in served:
            raise ModelUnavailable(
                f"{name} is pinned and is none of the voices",
                setting=environment_name("tts_pinned_voices"),
            )
    return settings.tts_pinned_voices


def _license(name: str) -> str:
    """Licence of a locked voice; that of a path is not known."""
    if as_path(name) is not None:
        return ""
    lock_file: Path = model_store.ModelStoreSettings().lock_file
    return model_store.load_lock(lock_file).get(name).licence
