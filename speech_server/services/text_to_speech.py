"""``TextToSpeechService``: streams of text in, sound out."""

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Final

import grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as pb
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as pb_grpc

from speech_server.admission import Kind, Places
from speech_server.errors import ServerNotReady
from speech_server.scheduling.device import Device
from speech_server.settings import Settings
from speech_server.telemetry import Metrics
from speech_server.tts import Session, TtsModels, VoiceSource

SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["TextToSpeechService"].full_name

SynthesizeContext = grpc.aio.ServicerContext[pb.SynthesizeRequest, pb.SynthesizeResponse]
ListContext = grpc.aio.ServicerContext[pb.ListVoicesRequest, pb.ListVoicesResponse]


class TextToSpeechService(pb_grpc.TextToSpeechServiceServicer):
    """Synthesis with the life that `speech_server.services.base.ManagedService` asks for.

    Args:
        settings: Which voices, and the defaults of a context.
        places: Its streams.
        metrics: Where to count.
        models: Models that are loaded already; else `warm_up` loads them.
        device: Who else computes where synthesis does.
    """

    kind: Kind = "tts"
    service_name = SERVICE_NAME

    def __init__(
        self,
        settings: Settings,
        places: Places,
        metrics: Metrics,
        models: TtsModels | None = None,
        device: Device | None = None,
    ) -> None:
        self.places = places
        self._settings = settings
        self._metrics = metrics
        self._models = models
        self._device = device

    def register(self, server: grpc.aio.Server) -> None:
        """Add the servicer."""
        pb_grpc.add_TextToSpeechServiceServicer_to_server(self, server)

    async def warm_up(self) -> None:
        """Load the default voice and speak with it once."""
        if self._models is None:
            self._models = await TtsModels.load(self._settings, self._metrics, self._device)

    def begin_drain(self, deadline_ms: int) -> None:
        """Open streams speak to their end; the contract has no message for more."""

    async def close(self) -> None:
        """Stop the threads and free the voices."""
        if self._models is not None:
            await asyncio.to_thread(self._models.close)

    @property
    def engine(self) -> str:
        """The engine, for build information."""
        return f"piper-{version('piper-tts')}"

    @property
    def device(self) -> str:
        """Where synthesis runs."""
        return self._models.device if self._models else ""

    @property
    def queue_depth(self) -> int:
        """Segments that wait for the device."""
        return self._models.scheduler.queue_depth if self._models else 0

    @property
    def realtime_factor(self) -> float:
        """Computing time for a second of sound."""
        return self._models.scheduler.realtime_factor if self._models else 0.0

    async def Synthesize(  # type: ignore[override]
        self, request_iterator: AsyncIterator[pb.SynthesizeRequest], context: SynthesizeContext
    ) -> None:
        """Speak for one stream; writes by itself, since text and sound keep no step."""
        models = self._ready()
        session = Session(models.voices, models.workshop)
        await session.serve(request_iterator, context.write)

    async def ListVoices(
        self, request: pb.ListVoicesRequest, context: ListContext
    ) -> pb.ListVoicesResponse:
        """List the voices, the default first."""
        models = self._ready()
        wanted = request.language_code.replace("_", "-").lower()
        return pb.ListVoicesResponse(
            voices=[
                _describe(source, models)
                for source in models.voices.sources
                if _speaks(source, wanted)
            ]
        )

    def _ready(self) -> TtsModels:
        if self._models is None:
            raise ServerNotReady(
                "the voices are not loaded yet", retry_delay_s=self._settings.retry_delay_seconds
            )
        return self._models


def _speaks(source: VoiceSource, wanted: str) -> bool:
    code = source.config.language_code.lower()
    return not wanted or code == wanted or code.split("-")[0] == wanted


def _describe(source: VoiceSource, models: TtsModels) -> pb.VoiceInfo:
    config = source.config
    return pb.VoiceInfo(
        name=source.name,
        language_code=config.language_code,
        sample_rate_hertz=config.sample_rate_hz,
        speakers=list(config.speakers),
        quality=config.quality,
        license=source.license,
        stages=models.voices.stages(source.name),
        loaded=models.voices.is_loaded(source.name),
        is_default=source is models.voices.default,
    )
