"""``ServerService``: what the server has and how busy it is."""

import time
from collections.abc import Callable, Sequence

import grpc
from trinity.speech.v1 import server_service_pb2 as pb
from trinity.speech.v1 import server_service_pb2_grpc as pb_grpc

from speech_server.admission import Phase
from speech_server.services.base import ManagedService

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["ServerService"].full_name


class ServerInfo(pb_grpc.ServerServiceServicer):
    """Answers ``ListModels`` and ``GetStats``.

    Args:
        services: The services to report on.
        list_models: Gives the recognition models, the default first.
    """

    def __init__(
        self,
        services: Sequence[ManagedService],
        list_models: Callable[[], Sequence[pb.ModelInfo]],
    ) -> None:
        self._services = {service.kind: service for service in services}
        self._list_models = list_models
        self._ready_at: float | None = None

    def mark_ready(self) -> None:
        """Start counting the uptime."""
        self._ready_at = time.monotonic()

    async def ListModels(
        self,
        request: pb.ListModelsRequest,
        context: grpc.aio.ServicerContext[pb.ListModelsRequest, pb.ListModelsResponse],
    ) -> pb.ListModelsResponse:
        """List the recognition models."""
        return pb.ListModelsResponse(models=self._list_models())

    async def GetStats(
        self,
        request: pb.GetStatsRequest,
        context: grpc.aio.ServicerContext[pb.GetStatsRequest, pb.GetStatsResponse],
    ) -> pb.GetStatsResponse:
        """Tell how busy the server is."""
        ready_at = self._ready_at
        return pb.GetStatsResponse(
            speech_to_text=self._stats("stt"),
            text_to_speech=self._stats("tts"),
            uptime_ms=0 if ready_at is None else int((time.monotonic() - ready_at) * 1000),
            draining=any(s.places.phase is Phase.DRAINING for s in self._services.values()),
        )

    def _stats(self, kind: str) -> pb.ServiceStats:
        service = self._services.get(kind)  # type: ignore[call-overload]
        if service is None:
            return pb.ServiceStats()
        places = service.places
        return pb.ServiceStats(
            streams_active=places.active,
            streams_capacity=places.capacity,
            queue_depth=service.queue_depth,
            realtime_factor=service.realtime_factor,
            streams_total=places.total,
            streams_refused=places.refused,
        )
