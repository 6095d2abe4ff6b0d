"""The gRPC server with its services, health, reflection and ``/metrics``."""

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from importlib.metadata import version

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from trinity.speech.v1 import server_service_pb2_grpc

from speech_server.channel import server_options
from speech_server.errors import StartupError
from speech_server.interceptors import StreamGuard
from speech_server.services.base import ManagedService
from speech_server.services.server_info import SERVICE_NAME as SERVER_INFO_NAME
from speech_server.services.server_info import ServerInfo
from speech_server.settings import Settings, environment_name
from speech_server.telemetry import Metrics, MetricsEndpoint, get_logger

log = get_logger(__name__)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
HEALTH_DEADLINE_S = 1.0
"""A stuck watcher holds the lock that setting a status takes."""


class SpeechServer:
    """One server; `speech_server.lifecycle` says in which order its methods are called.

    Args:
        settings: What to listen on and which limits hold.
        services: The services that hold models.
        info: What answers ``ServerService``.
        metrics: What ``/metrics`` shows.
    """

    def __init__(
        self,
        settings: Settings,
        services: Sequence[ManagedService],
        info: ServerInfo,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._services = services
        self._info = info
        self._metrics = metrics
        self._health = HealthServicer()
        self._names = (*(s.service_name for s in services), SERVER_INFO_NAME, "")
        self._stack = contextlib.ExitStack()
        self.port = 0
        self.metrics_port = 0

    @property
    def streams_active(self) -> int:
        """Open streams of all kinds."""
        return sum(service.places.active for service in self._services)

    async def start(self) -> None:
        """Listen, with every service NOT_SERVING.

        Raises:
            StartupError: A port cannot be had.
        """
        settings = self._settings
        for name in self._names:
            await self._set_health(name, NOT_SERVING)
        guard = StreamGuard(
            {service.service_name: service.places for service in self._services},
            metrics=self._metrics,
            idle_s=settings.idle_seconds,
            send_s=settings.send_seconds,
        )
        self._server = grpc.aio.server(
            interceptors=[guard], options=server_options(settings.max_message_bytes)
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        server_service_pb2_grpc.add_ServerServiceServicer_to_server(self._info, self._server)
        for service in self._services:
            service.register(self._server)
        if settings.reflection:
            names = [name for name in self._names if name]
            reflection.enable_server_reflection(
                [*names, "grpc.health.v1.Health", reflection.SERVICE_NAME], self._server
            )
        try:
            self.port = self._server.add_insecure_port(settings.address)
        except RuntimeError:
            raise StartupError(
                f"cannot listen on {settings.address}", setting=environment_name("port")
            ) from None
        self._start_metrics()
        await self._server.start()
        log.info("listening", host=settings.host, port=self.port, metrics_port=self.metrics_port)

    async def warm_up(self) -> None:
        """Load and warm every service, and take streams.

        Raises:
            StartupError: A service cannot run as it is set up.
        """
        began = time.monotonic()
        for service in self._services:
            await service.warm_up()
            self._metrics.build_info.labels(
                version("trinity"), _commit(), service.engine, service.device
            ).set(1)
        for service in self._services:
            service.places.open()
        self._info.mark_ready()
        for name in self._names:
            await self._set_health(name, SERVING)
        log.info("ready", port=self.port, seconds=round(time.monotonic() - began, 3))

    async def leave_health(self) -> None:
        """Say NOT_SERVING for good."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEALTH_DEADLINE_S):
                await self._health.enter_graceful_shutdown()
        for name in self._names:
            self._metrics.ready.labels(name or "server").set(0)

    def refuse_streams(self) -> None:
        """Refuse new streams from now on."""
        for service in self._services:
            service.places.drain()

    def announce_drain(self, deadline_ms: int) -> None:
        """Tell open streams that they are ended after a while."""
        for service in self._services:
            service.begin_drain(deadline_ms)

    async def wait_streams(self) -> None:
        """Wait until no stream is open."""
        for service in self._services:
            await service.places.wait_empty()

    async def stop(self, grace_s: float) -> None:
        """End what is left and free everything."""
        self.refuse_streams()
        await self._server.stop(grace_s)
        await self.wait_streams()
        for service in self._services:
            await service.close()
        self._stack.close()
        log.info("stopped")

    async def _set_health(self, name: str, status: int) -> None:
        self._metrics.ready.labels(name or "server").set(1 if status == SERVING else 0)
        async with asyncio.timeout(HEALTH_DEADLINE_S):
            await self._health.set(name, status)

    def _start_metrics(self) -> None:
        settings = self._settings
        try:
            endpoint = MetricsEndpoint(settings.host, settings.metrics_port, self._metrics.registry)
        except OSError as error:
            raise StartupError(
                f"cannot listen on {settings.host}:{settings.metrics_port} ({error.strerror})",
                setting=environment_name("metrics_port"),
            ) from None
        self.metrics_port = endpoint.port
        self._stack.callback(endpoint.close)


def _commit() -> str:
    """Give the commit that an image was built from; a working tree has none."""
    return os.environ.get("TRINITY_COMMIT", "")
