"""A speech server for tests of recognition: the real server and VAD, an engine under control."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import faster_whisper
import grpc
import numpy as np
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from speech_server.admission import Places
from speech_server.engines.base import DecodeItem, Hypothesis, Wanted
from speech_server.engines.silero import SileroVad
from speech_server.server import SpeechServer
from speech_server.services.server_info import ServerInfo
from speech_server.services.speech_to_text import SpeechToTextService
from speech_server.settings import Settings
from speech_server.stt.models import SttModels
from speech_server.telemetry import Metrics, configure_logs

VAD_FILE = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"


class FakeEngine:
    """Says how many frames it heard, after a delay; fails or answers otherwise when told to."""

    name = "fake"
    languages = ("de", "en")
    device = "cpu"
    compute_type = "none"
    n_mels = 80
    weighs_phrases = True
    takes_all_cores = False

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.batches: list[list[DecodeItem]] = []
        self.answer: Callable[[DecodeItem], Hypothesis] = self._frames
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def bucket(self, item: DecodeItem) -> int:
        return 3000 if item.full_window else 500 * (item.features.shape[1] // 500 + 1)

    def decode(self, items: Sequence[DecodeItem], wanted: Wanted) -> list[Hypothesis] | None:
        self.batches.append(list(items))
        self.entered.set()
        assert self.gate.wait(10)
        time.sleep(self.delay_s)
        return [self.answer(item) for item in items]

    def tokenize(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode())

    def close(self) -> None:
        pass

    @staticmethod
    def _frames(item: DecodeItem) -> Hypothesis:
        frames = item.features.shape[1]
        return Hypothesis(
            text=f"{frames} frames",
            avg_logprob=-0.1,
            language=item.language or "en",
            language_probability=1.0,
            context_frames=frames,
        )


class LoudnessVad:
    """Calls a window voiced when it is loud, and doubtful when faint: speech is drawn as noise."""

    def stream(self) -> "LoudnessStream":
        return LoudnessStream()


class LoudnessStream:
    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: np.ndarray) -> list[float]:
        audio = np.concatenate([self._rest, samples])
        count = len(audio) // 512
        self._rest = audio[count * 512 :]
        windows = audio[: count * 512].reshape(count, 512)
        return [self._probability(float(np.abs(window).mean())) for window in windows]

    @staticmethod
    def _probability(loudness: float) -> float:
        return 0.95 if loudness > 0.01 else 0.55 if loudness > 0.001 else 0.02


def voice(seconds: float, rate_hz: int = 16_000, loudness: float = 3000) -> bytes:
    rng = np.random.default_rng(7)
    return (rng.normal(0, loudness, int(seconds * rate_hz))).astype("<i2").tobytes()


def faint(seconds: float) -> bytes:
    """Sound of which nobody knows whether it is a voice."""
    return voice(seconds, loudness=150)


def silence(seconds: float, rate_hz: int = 16_000) -> bytes:
    return bytes(2 * int(seconds * rate_hz))


def config(**fields: object) -> pb.TranscribeRequest:
    values: dict[str, object] = {"sample_rate_hertz": 16_000, "language_code": "en", **fields}
    return pb.TranscribeRequest(config=pb.StreamingRecognitionConfig(**values))


def audio(content: bytes, *, force: bool = False) -> pb.TranscribeRequest:
    return pb.TranscribeRequest(audio_content=content, force_eou=force)


def pieces(content: bytes, size: int = 1600) -> list[pb.TranscribeRequest]:
    return [audio(content[at : at + size]) for at in range(0, len(content), size)]


FORCE = pb.TranscribeRequest(force_eou=True)


class Rig:
    """A running server and a way to talk with it."""

    def __init__(
        self,
        server: SpeechServer,
        service: SpeechToTextService,
        engine: FakeEngine,
        settings: Settings,
    ) -> None:
        self.settings = settings
        self.server = server
        self.service = service
        self.engine = engine
        self.metrics: Metrics = service._metrics

    async def wait_active(self, streams: int) -> None:
        while self.service.places.active < streams:  # noqa: ASYNC110 - a server has no event for it
            await asyncio.sleep(0.01)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.server.port}") as channel:
            yield channel

    async def talk(self, *requests: pb.TranscribeRequest) -> list[pb.TranscribeResponse]:
        """Send, half-close, and read to the end."""
        return await self.talk_over(iter_of(requests))

    async def talk_over(
        self, requests: AsyncIterator[pb.TranscribeRequest], seconds: float = 60
    ) -> list[pb.TranscribeResponse]:
        async with self.channel() as channel, asyncio.timeout(seconds):
            call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe(requests)
            return [response async for response in call]


async def iter_of(
    requests: Sequence[pb.TranscribeRequest],
) -> AsyncIterator[pb.TranscribeRequest]:
    for request in requests:
        yield request


def finals(responses: Sequence[pb.TranscribeResponse]) -> list[pb.StreamingRecognitionResult]:
    return [r.result for r in responses if r.HasField("result") and r.result.is_final]


def make_server(
    engine: FakeEngine | None = None,
    *,
    real_vad: bool = False,
    models: SttModels | None = None,
    **fields: object,
) -> Rig:
    """A server that is not started; its models are there already."""
    configure_logs("error")
    engine = engine or FakeEngine()
    settings = Settings(
        **{"port": 0, "metrics_port": 0, "drain_probe_seconds": 0.0, "turn_model": "", **fields}
    )
    metrics = Metrics()
    models = models or SttModels(
        engine=engine,
        vad=SileroVad(VAD_FILE) if real_vad else LoudnessVad(),
        turn=None,
        settings=settings,
        metrics=metrics,
    )
    places = Places(
        "stt",
        capacity=settings.stt_max_streams,
        retry_delay_s=settings.retry_delay_seconds,
        metrics=metrics,
    )
    service = SpeechToTextService(settings, places, metrics, models)
    server = SpeechServer(settings, [service], ServerInfo([service], service.models), metrics)
    return Rig(server, service, engine, settings)


@asynccontextmanager
async def rig(
    engine: FakeEngine | None = None, *, real_vad: bool = False, **fields: object
) -> AsyncIterator[Rig]:
    """A server that runs for the length of the block."""
    made = make_server(engine, real_vad=real_vad, **fields)
    await made.server.start()
    await made.server.warm_up()
    try:
        yield made
    finally:
        made.engine.gate.set()
        await made.server.stop(1)
