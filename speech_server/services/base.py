"""What the server needs of a service that holds models and streams."""

from typing import Protocol

import grpc

from speech_server.admission import Kind, Places


class ManagedService(Protocol):
    """A gRPC service with a life: it is registered, warmed up, drained and closed.

    Each is built by ``__main__`` as ``Service(settings, places, metrics)``, which loads nothing.

    Its servicer raises errors of `speech_server.errors`; an interceptor counts its streams in
    ``places`` and turns errors into statuses, so that handlers hold no such code.
    """

    kind: Kind
    service_name: str
    """Full name, such as ``trinity.speech.v1.SpeechToTextService``."""
    places: Places

    def register(self, server: grpc.aio.Server) -> None:
        """Add the servicer to the server; called before it starts."""

    async def warm_up(self) -> None:
        """Load the models and run each once on real input.

        Raises:
            StartupError: The service cannot run as it is set up.
        """

    def begin_drain(self, deadline_ms: int) -> None:
        """Tell open streams that the server ends them after ``deadline_ms``."""

    async def close(self) -> None:
        """Stop executors and free models, after all streams have ended."""

    @property
    def engine(self) -> str:
        """Name and version of the engine, for build information."""

    @property
    def device(self) -> str:
        """Where it runs, known after `warm_up`."""

    @property
    def queue_depth(self) -> int:
        """Work that waits for the device."""

    @property
    def realtime_factor(self) -> float:
        """Computing time for a second of audio over the last minute; 0 when there was none."""
