"""A client of Synthesize for tests, and the server that it talks to, in this process."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

import grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as pb
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as pb_grpc

from speech_server.admission import Places
from speech_server.interceptors import StreamGuard
from speech_server.services.text_to_speech import TextToSpeechService
from speech_server.settings import Settings
from speech_server.telemetry import Metrics
from speech_server.tts import TtsModels

Config = pb.StreamingSynthesizeConfig


def message(context_id: str, **payload: object) -> pb.SynthesizeRequest:
    """Make a request of one payload: config=…, text=…, flush="id", cancel=True, end_input=True."""
    request = pb.SynthesizeRequest(context_id=context_id)
    for kind, value in payload.items():
        if kind == "flush":
            request.flush.flush_id = str(value)
        elif kind in ("cancel", "end_input"):
            getattr(request, kind).SetInParent()
        elif kind == "played_ms":
            request.playback_position.played_ms = int(str(value))
        elif kind == "config":
            request.config.CopyFrom(value)
            request.config.SetInParent()
        else:
            setattr(request, kind, value)
    return request


def utterance(context_id: str, text: str | Iterable[str], **config: object) -> list[object]:
    """Give the requests that speak a text, or its pieces, and end."""
    pieces = [text] if isinstance(text, str) else list(text)
    return [
        message(context_id, config=Config(**config)),
        *(message(context_id, text=piece) for piece in pieces),
        message(context_id, end_input=True),
    ]


@dataclass
class Heard:
    """What came of one context, in order."""

    kinds: list[str] = field(default_factory=list)
    responses: list[pb.SynthesizeResponse] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    @property
    def audio(self) -> bytes:
        return b"".join(r.audio.audio_content for r in self.of("audio"))

    def of(self, kind: str) -> list[pb.SynthesizeResponse]:
        return [r for r in self.responses if r.WhichOneof("payload") == kind]

    @property
    def done(self) -> pb.Done:
        assert self.kinds[-1] == "done", self.kinds
        return self.responses[-1].done


Talk = Callable[..., "asyncio.Future[dict[str, Heard]]"]


class SpeechClient:
    """Talks with the server over a real channel."""

    def __init__(self, stub: pb_grpc.TextToSpeechServiceStub) -> None:
        self.stub = stub

    async def speak(self, requests: Iterable[object], *, gap_s: float = 0.0) -> dict[str, Heard]:
        """Send requests (numbers are pauses in seconds), half-close, and collect by context."""

        async def send() -> AsyncIterator[pb.SynthesizeRequest]:
            for request in requests:
                if isinstance(request, int | float):
                    await asyncio.sleep(request)
                else:
                    yield request  # type: ignore[misc]
                    if gap_s:
                        await asyncio.sleep(gap_s)

        heard: dict[str, Heard] = {}
        async with asyncio.timeout(60):
            async for response in self.stub.Synthesize(send()):
                one = heard.setdefault(response.context_id, Heard())
                one.kinds.append(str(response.WhichOneof("payload")))
                one.responses.append(response)
                one.times_s.append(time.monotonic())
        return heard


@contextlib.asynccontextmanager
async def serving(models: TtsModels, metrics: Metrics) -> AsyncIterator[SpeechClient]:
    """Serve synthesis with loaded models, behind the real interceptor."""
    settings = Settings()
    places = Places("tts", capacity=16, retry_delay_s=1.0, metrics=metrics)
    service = TextToSpeechService(settings, places, metrics, models)
    await service.warm_up()
    places.open()
    guard = StreamGuard({service.service_name: places}, metrics=metrics, idle_s=30, send_s=10)
    server = grpc.aio.server(interceptors=[guard])
    service.register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield SpeechClient(pb_grpc.TextToSpeechServiceStub(channel))
    finally:
        await server.stop(0)
