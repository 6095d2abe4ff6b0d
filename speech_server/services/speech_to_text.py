"""``SpeechToTextService``: streams of audio in, transcripts out."""

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Final

import grpc
from trinity.speech.v1 import server_service_pb2 as server_pb
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from speech_server.admission import Kind, Places
from speech_server.errors import InvalidRequest, MissingConfig, ServerNotReady
from speech_server.heap import give_back
from speech_server.scheduling.device import Device
from speech_server.services.recognition_messages import first_config, later_config, to_response
from speech_server.settings import Settings
from speech_server.stt.endpointing import Endpointing
from speech_server.stt.models import SttModels
from speech_server.stt.results import Message
from speech_server.stt.session import Session
from speech_server.telemetry import Metrics

SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["SpeechToTextService"].full_name
ADMITTED: Final = "trinity-admitted"
"""Metadata of a stream of a call that goes on: not to hear it would be worse than to be late."""

Context = grpc.aio.ServicerContext[pb.TranscribeRequest, pb.TranscribeResponse]


class SpeechToTextService(pb_grpc.SpeechToTextServiceServicer):
    """Recognition with the life that `speech_server.services.base.ManagedService` asks for.

    Args:
        settings: Which models, and the defaults of a stream.
        places: Its streams.
        metrics: Where to count.
        models: Models that are loaded already; else `warm_up` loads them.
        device: Who else computes where recognition does.
    """

    kind: Kind = "stt"
    service_name = SERVICE_NAME

    def __init__(
        self,
        settings: Settings,
        places: Places,
        metrics: Metrics,
        models: SttModels | None = None,
        device: Device | None = None,
    ) -> None:
        self.places = places
        self._settings = settings
        self._metrics = metrics
        self._models = models
        self._device = device
        self._defaults = Endpointing.of(settings)
        self._sessions: set[Session] = set()
        self._drain_ms: int | None = None

    def register(self, server: grpc.aio.Server) -> None:
        """Add the servicer."""
        pb_grpc.add_SpeechToTextServiceServicer_to_server(self, server)

    async def warm_up(self) -> None:
        """Load the models and run each once."""
        if self._models is None:
            self._models = await SttModels.load(self._settings, self._metrics, self._device)

    def begin_drain(self, deadline_ms: int) -> None:
        """Tell every stream, also those whose config has not come yet."""
        self._drain_ms = deadline_ms
        for session in self._sessions:
            session.drain(deadline_ms)

    async def close(self) -> None:
        """Free the models."""
        if self._models is not None:
            await asyncio.to_thread(self._models.close)

    @property
    def engine(self) -> str:
        """The engine, for build information."""
        return f"ctranslate2-{version('ctranslate2')}"

    @property
    def device(self) -> str:
        """Where recognition runs."""
        return self._models.engine.device if self._models else ""

    @property
    def queue_depth(self) -> int:
        """Windows that wait for the model."""
        return self._models.scheduler.depth if self._models else 0

    @property
    def realtime_factor(self) -> float:
        """Computing time for a second of audio."""
        return self._models.scheduler.load.realtime_factor if self._models else 0.0

    def models(self) -> list[server_pb.ModelInfo]:
        """List the recognition models."""
        if self._models is None:
            return []
        engine = self._models.engine
        return [
            server_pb.ModelInfo(
                name=engine.name,
                language_codes=engine.languages,
                device=engine.device,
                compute_type=engine.compute_type,
                license=self._models.license,
                loaded=True,
                is_default=True,
            )
        ]

    # The generated base knows only the form that yields; grpc.aio takes this one as well.
    async def Transcribe(  # type: ignore[override]
        self, request_iterator: AsyncIterator[pb.TranscribeRequest], context: Context
    ) -> None:
        """Transcribe one stream; writes by itself, since audio and results keep no step."""
        models = self._models
        if models is None:
            raise ServerNotReady("the models are not loaded yet")
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("payload") != "config":
            raise MissingConfig("the first message of a stream carries the config", field="config")
        config = first_config(first.config, models.engine, self._defaults)
        # Not before: a stream whose config is refused needs nothing of the device, and many of
        # them must not keep a good one out. Nothing is awaited until this one is counted.
        is_asking = self._sessions and ADMITTED not in dict(context.invocation_metadata() or ())
        if is_asking and models.scheduler.is_full(len(self._sessions)):
            self.places.refuse_overload()

        async def send(message: Message) -> None:
            await context.write(to_response(message, config))

        session = Session(
            config,
            models,
            self._metrics,
            send,
            max_backlog_ms=self._settings.stt_max_backlog_ms,
            interim_ms=self._settings.stt_interim_ms,
            interim_share=self._settings.stt_interim_share,
        )
        self._sessions.add(session)
        if self._drain_ms is not None:
            session.drain(self._drain_ms)
        try:
            async with session.running():
                if first.force_eou:
                    await session.force()
                async for request in request_iterator:
                    payload = request.WhichOneof("payload")
                    if payload == "audio_content":
                        await session.push(request.audio_content)
                    elif payload == "config":
                        config = later_config(request.config, config, models.engine, self._defaults)
                        session.change(config)
                    elif not request.force_eou:
                        raise InvalidRequest("the message carries nothing", field="payload")
                    if request.force_eou:
                        await session.force()
                await session.finish()
        finally:
            self._sessions.discard(session)
            give_back()
