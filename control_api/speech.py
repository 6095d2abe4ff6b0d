"""The speech server as the control API sees it: its health, its voices and its models."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import BaseModel, Field
from trinity.speech.v1 import (
    server_service_pb2,
    server_service_pb2_grpc,
    text_to_speech_service_pb2,
    text_to_speech_service_pb2_grpc,
)

from control_api.errors import NeighbourError, NeighbourTimeout, NeighbourUnavailable
from control_api.settings import Settings

PART = "speech_server"
_OPTIONS = (
    # Without this gRPC waits up to two minutes before it tries an address again.
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
)


_Reply = TypeVar("_Reply")


class Voice(BaseModel):
    """A voice that can be asked for."""

    name: str = Field(description="Its name.")
    language: str = Field(description="BCP 47, such as `en-US`.")
    sample_rate_hz: int = Field(description="The voice's own sample rate.")
    speakers: list[str] = Field(description="Names of its speakers; empty where there is one.")
    quality: str = Field(description="In its maker's words: x_low, low, medium or high.")
    license: str = Field(description="SPDX expression, where known.")
    loaded: bool = Field(description="Whether it is in memory.")
    is_default: bool = Field(description="Whether it speaks when none is named.")


class SpeechModel(BaseModel):
    """A recognition model that can be asked for."""

    name: str = Field(description="Its name.")
    languages: list[str] = Field(description="ISO 639-1 codes that it knows.")
    device: str = Field(description="Where it runs: `cpu` or `cuda`.")
    compute_type: str = Field(description="Arithmetic that it runs in, such as `int8`.")
    license: str = Field(description="SPDX expression, where known.")
    loaded: bool = Field(description="Whether it is in memory.")
    is_default: bool = Field(description="Whether it listens when none is named.")


class SpeechServer:
    """One lazy channel to the speech server; build it inside the running loop."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.health_timeout_s
        self._channel = grpc.aio.insecure_channel(settings.speech_address, options=_OPTIONS)
        self._health = health_pb2_grpc.HealthStub(self._channel)
        self._server = server_service_pb2_grpc.ServerServiceStub(self._channel)
        self._synthesis = text_to_speech_service_pb2_grpc.TextToSpeechServiceStub(self._channel)

    async def check(self) -> None:
        """Asks for the health of the server as a whole.

        Raises:
            NeighbourError: It is away, or not warm yet.
        """
        request = health_pb2.HealthCheckRequest()
        reply = await self._ask(self._health.Check(request, timeout=self._timeout_s))
        if reply.status != health_pb2.HealthCheckResponse.SERVING:
            raise NeighbourUnavailable(PART, "The speech server is not ready yet.")

    async def voices(self, language: str = "") -> Sequence[Voice]:
        """The voices, the default first.

        Args:
            language: Only of this language (`en`, `en-US`); empty: all.

        Raises:
            NeighbourError: The server is away.
        """
        request = text_to_speech_service_pb2.ListVoicesRequest(language_code=language)
        reply = await self._ask(self._synthesis.ListVoices(request, timeout=self._timeout_s))
        return [
            Voice(
                name=each.name,
                language=each.language_code,
                sample_rate_hz=each.sample_rate_hertz,
                speakers=list(each.speakers),
                quality=each.quality,
                license=each.license,
                loaded=each.loaded,
                is_default=each.is_default,
            )
            for each in reply.voices
        ]

    async def models(self) -> Sequence[SpeechModel]:
        """The recognition models, the default first.

        Raises:
            NeighbourError: The server is away.
        """
        request = server_service_pb2.ListModelsRequest()
        reply = await self._ask(self._server.ListModels(request, timeout=self._timeout_s))
        return [
            SpeechModel(
                name=each.name,
                languages=list(each.language_codes),
                device=each.device,
                compute_type=each.compute_type,
                license=each.license,
                loaded=each.loaded,
                is_default=each.is_default,
            )
            for each in reply.models
        ]

    async def aclose(self) -> None:
        """Closes the channel."""
        await self._channel.close(grace=None)

    async def _ask(self, call: Awaitable[_Reply]) -> _Reply:
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise _translate(error) from error


def _translate(error: grpc.aio.AioRpcError) -> NeighbourError:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return NeighbourTimeout(PART, "The speech server did not answer in time.")
    return NeighbourUnavailable(PART, "The speech server cannot be reached.")
