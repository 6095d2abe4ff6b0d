"""Both servers as processes of the bench, and how each is asked to speak."""

import asyncio
import io
import sys
import time
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import grpc
import numpy as np
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import text_to_speech_service_pb2 as pb
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as pb_grpc

from bench.peers import PiperHttpServer
from bench.process import Program
from bench.tts.heard import Heard
from bench.tts.run import OURS, PEER
from bench.tts.settings import TtsBenchSettings
from bench.tts.texts import SENTENCES

START_S = 90.0
_LINEAR = (audio_pb2.AUDIO_ENCODING_UNSPECIFIED, audio_pb2.AUDIO_ENCODING_LINEAR16)
WHOLE_SENTENCES_MS = 5000
"""A client that would wait so long gets no clause as a segment of its own."""


class Peer(Protocol):
    """A server that speaks."""

    name: str

    @property
    def process(self) -> Program:
        """Its process."""

    async def open(self) -> None:
        """Wait until it is ready, and connect."""

    async def close(self) -> None:
        """Disconnect and stop it."""

    async def speak(self, text: str) -> Heard:
        """Speak a text that is all there."""


class Trinity:
    """Our server.

    Args:
        settings: Voice and threads.
        recognition: Serve Transcribe as well.
        environment: Settings of the server that differ from their defaults.
    """

    name = OURS

    def __init__(
        self,
        settings: TtsBenchSettings,
        *,
        recognition: bool = False,
        environment: Mapping[str, str] = {},
    ) -> None:
        program = [sys.executable, "-m", "bench.tts.serve"]
        self.process = Program(
            [*program, *(["--recognition"] if recognition else [])],
            {
                "SPEECH_TTS_THREADS": str(settings.threads),
                "SPEECH_TTS_VOICES": settings.voice,
                **environment,
            },
            cores=settings.threads,
            log=settings.output.parent / "logs" / "tts-server.log",
            tells=True,
        )
        self.target = ""
        self._seed = 0

    async def open(self) -> None:
        """Wait until the server is ready, and connect."""
        async with asyncio.timeout(START_S):
            port = await asyncio.to_thread(self.process.line)
        self.target = f"127.0.0.1:{port}"
        self._channel = grpc.aio.insecure_channel(self.target)
        self._stub = pb_grpc.TextToSpeechServiceStub(self._channel)

    async def close(self) -> None:
        """Disconnect and stop the server."""
        await self._channel.close()
        await asyncio.to_thread(self.process.stop)

    async def speak(self, text: str) -> Heard:
        """Speak a text that is all there, by whole sentences."""
        return await self.say(
            [text], pb.StreamingSynthesizeConfig(max_buffer_delay_ms=WHOLE_SENTENCES_MS)
        )

    async def say(
        self,
        pieces: list[str],
        config: pb.StreamingSynthesizeConfig | None = None,
        *,
        gap_s: float = 0.0,
        counts: int = -1,
        cancel_after_s: float | None = None,
        seeded: bool = True,
    ) -> Heard:
        """Speak text in pieces.

        Args:
            pieces: The text.
            config: How.
            gap_s: Time between two pieces.
            counts: Number of the piece whose sending starts the clock.
            cancel_after_s: Cancel so long after the first sound; then `ended_s` is the time from
                the cancel to the last message, and chunks after the cancel count too.
            seeded: With a seed of its own, so that no sound comes from memory.
        """
        self._seed += 1
        config = config or pb.StreamingSynthesizeConfig()
        if seeded:
            config.seed = self._seed
        heard = Heard(22050, time.monotonic())
        first_sound = asyncio.Event()
        cancelled_s = 0.0

        async def send() -> AsyncIterator[pb.SynthesizeRequest]:
            nonlocal cancelled_s
            yield pb.SynthesizeRequest(context_id="c", config=config)
            due = time.monotonic()
            for number, piece in enumerate(pieces):
                if gap_s:
                    due += gap_s
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                if number in (counts, len(pieces) + counts):
                    heard.sent_s = time.monotonic()
                yield pb.SynthesizeRequest(context_id="c", text=piece)
            if cancel_after_s is not None:
                # "It is 3." waits for a digit that may follow.
                yield pb.SynthesizeRequest(context_id="c", flush=pb.Flush())
                await first_sound.wait()
                await asyncio.sleep(cancel_after_s)
                cancelled_s = time.monotonic()
                yield pb.SynthesizeRequest(context_id="c", cancel=pb.Cancel())
            else:
                yield pb.SynthesizeRequest(context_id="c", end_input=pb.EndInput())

        async for response in self._stub.Synthesize(send()):
            now = time.monotonic()
            kind = response.WhichOneof("payload")
            if kind == "audio_format":
                heard.rate_hz = response.audio_format.sample_rate_hertz
            elif kind == "audio":
                # The sound of other encodings is counted, not looked at.
                kind_of = "<i2" if config.encoding in _LINEAR else "u1"
                data = np.frombuffer(response.audio.audio_content, kind_of)
                if len(data):
                    heard.chunks.append((now, data.astype(np.float32) / np.float32(32767)))
                    first_sound.set()
            elif kind == "done":
                heard.compute_s = response.done.compute_ms / 1000
            heard.ended_s = now - cancelled_s if cancelled_s else now - heard.sent_s
        return heard


class PiperHttp:
    """Piper's own HTTP server, in an environment of its own."""

    name = PEER

    def __init__(self, settings: TtsBenchSettings) -> None:
        self._server = PiperHttpServer(
            settings.voice, threads=settings.threads, folder=settings.peer_environment
        )

    @property
    def process(self) -> Program:
        """Its process."""
        return self._server.process

    async def open(self) -> None:
        """Wait until the server answers."""
        await self._server.open()

    async def close(self) -> None:
        """Disconnect and stop the server."""
        await self._server.close()

    async def speak(self, text: str) -> Heard:
        """Speak a text that is all there."""
        heard = Heard(22050, time.monotonic())
        content = await self._server.synthesize(text)
        with wave.open(io.BytesIO(content)) as sound:
            heard.rate_hz = sound.getframerate()
            data = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        now = time.monotonic()
        heard.chunks.append((now, data.astype(np.float32) / np.float32(32767)))
        heard.ended_s = heard.compute_s = now - heard.sent_s
        return heard


@asynccontextmanager
async def both(settings: TtsBenchSettings) -> AsyncIterator[tuple[Trinity, list[Peer]]]:
    """Start ours and the peer, warm both, and stop them; gives ours, and all of them."""
    ours = Trinity(settings)
    servers: list[Peer] = [ours, *([PiperHttp(settings)] if settings.peer else [])]
    opened: list[Peer] = []
    try:
        for server in servers:
            opened.append(server)
            await server.open()
        for server in servers:
            for sentences in SENTENCES.values():
                await server.speak(sentences[0])
        yield ours, servers
    finally:
        for server in opened:
            await server.close()


@asynccontextmanager
async def alone(
    settings: TtsBenchSettings,
    *,
    recognition: bool = False,
    environment: Mapping[str, str] = {},
) -> AsyncIterator[Trinity]:
    """Start our server, warm it, and stop it."""
    ours = Trinity(settings, recognition=recognition, environment=environment)
    try:
        await ours.open()
        for sentences in SENTENCES.values():
            await ours.speak(sentences[0])
        yield ours
    finally:
        await ours.close()
