"""The speech server as the control API sees it: the standard gRPC health service."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from control_api.errors import NeighbourTimeout, NeighbourUnavailable
from control_api.settings import Settings

PART = "speech_server"
_OPTIONS = (
    # Without this gRPC waits up to two minutes before it tries an address again.
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
)


class SpeechServer:
    """One lazy channel to the speech server; build it inside the running loop."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.health_timeout_s
        self._channel = grpc.aio.insecure_channel(settings.speech_address, options=_OPTIONS)
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def check(self) -> None:
        """Asks for the health of the server as a whole.

        Raises:
            NeighbourError: It is away, or not warm yet.
        """
        try:
            reply = await self._health.Check(
                health_pb2.HealthCheckRequest(), timeout=self._timeout_s
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise NeighbourTimeout(PART, "The speech server did not answer in time.") from error
            raise NeighbourUnavailable(PART, "The speech server cannot be reached.") from error
        if reply.status != health_pb2.HealthCheckResponse.SERVING:
            raise NeighbourUnavailable(PART, "The speech server is not ready yet.")

    async def aclose(self) -> None:
        """Closes the channel."""
        await self._channel.close(grace=None)
