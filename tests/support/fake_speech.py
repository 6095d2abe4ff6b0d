"""A speech server with known words and delays, over real gRPC, for tests of its clients.

Recognition: sound above a level is speech; each utterance gives the next text of `heard`.
Synthesis: each word takes 0.12 s of noise.
"""

import asyncio
import random
import struct
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1.speech_to_text_service_pb2 import (
    FINALIZE_REASON_ENDPOINT,
    FINALIZE_REASON_FORCED,
    SPEECH_EVENT_TYPE_BEGIN,
    SpeechEvent,
    StreamingRecognitionConfig,
    StreamingRecognitionResult,
    TranscribeRequest,
    TranscribeResponse,
)
from trinity.speech.v1.speech_to_text_service_pb2_grpc import (
    SpeechToTextServiceServicer,
    add_SpeechToTextServiceServicer_to_server,
)
from trinity.speech.v1.text_to_speech_service_pb2 import (
    AudioChunk,
    AudioFormat,
    Done,
    SynthesizeRequest,
    SynthesizeResponse,
    TimingBatch,
    WordTiming,
)
from trinity.speech.v1.text_to_speech_service_pb2_grpc import (
    TextToSpeechServiceServicer,
    add_TextToSpeechServiceServicer_to_server,
)

LOUD = 500
WORD_SECONDS = 0.12


@dataclass
class Script:
    """How the fake behaves; a test may change it at any time."""

    heard: list[str] = field(default_factory=list)
    preflights: list[str] = field(default_factory=list)
    """Text of the preflight where it differs from the final."""
    interims: list[str] = field(default_factory=list)
    """Interim of each utterance, where it is more than the first word."""
    languages: list[str] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)
    """Preflight text of each pause, where an utterance has several."""
    breaks: list[int] = field(default_factory=list)
    """Words after which each synthesis breaks off."""
    preflight_ms: int | None = 100
    final_ms: int = 200
    decode_s: float = 0.02
    hold: asyncio.Event | None = None
    """Finals wait for it."""
    end_of_turn: float | None = None
    first_audio_s: float = 0.03
    word_timings: bool = True
    refuse: dict[str, str] = field(default_factory=dict)
    """Field of a config, and the status' details that it is refused with (UNIMPLEMENTED)."""


class FakeSpeech(SpeechToTextServiceServicer, TextToSpeechServiceServicer):
    """The server. `start` returns the port; `stop` ends all streams."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.stt_configs: list[StreamingRecognitionConfig] = []
        self.received_s: list[float] = []
        """Audio that each recognition stream brought, in seconds."""
        self.spoken: list[str] = []
        self.traces: list[str] = []
        """Trace ids that the syntheses came with."""
        self.cancelled = 0
        self.forced = 0
        self.begun = 0
        """Utterances that began."""
        self.ended = 0
        self.half_close = asyncio.Event()
        self.drain = asyncio.Event()
        self.port = 0
        self._server: grpc.aio.Server | None = None

    async def start(self, port: int = 0) -> int:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_SpeechToTextServiceServicer_to_server(self, self._server)
        add_TextToSpeechServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()
        return self.port

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(None)
            self._server = None

    async def Transcribe(  # type: ignore[override]
        self,
        request_iterator: AsyncIterator[TranscribeRequest],
        context: grpc.aio.ServicerContext[TranscribeRequest, TranscribeResponse],
    ) -> AsyncIterator[TranscribeResponse]:
        outgoing: asyncio.Queue[TranscribeResponse | None] = asyncio.Queue()
        stream = _Recognition(self, outgoing)
        self.received_s.append(0.0)
        index = len(self.received_s) - 1
        refused: list[str] = []

        async def read() -> None:
            async for request in request_iterator:
                if request.WhichOneof("payload") == "config":
                    self.stt_configs.append(request.config)
                    refused.extend(
                        details
                        for name, details in self.script.refuse.items()
                        if name in {field.name for field, _ in request.config.ListFields()}
                    )
                    if refused:
                        break
                elif request.audio_content:
                    self.received_s[index] += len(request.audio_content) / 32_000
                    stream.hear(request.audio_content)
                if request.force_eou:
                    self.forced += 1
                    stream.finish(FINALIZE_REASON_FORCED)
            await stream.settle()
            outgoing.put_nowait(None)

        async def watch() -> None:
            await self.half_close.wait()
            outgoing.put_nowait(None)

        async def drain() -> None:
            await self.drain.wait()
            response = TranscribeResponse()
            response.server_draining.deadline_ms = 1000
            outgoing.put_nowait(response)

        tasks = [asyncio.create_task(part()) for part in (read, watch, drain)]
        try:
            while (response := await outgoing.get()) is not None:
                yield response
            if refused:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, refused[0])
        finally:
            for task in tasks:
                task.cancel()
            stream.close()

    async def Synthesize(  # type: ignore[override]
        self,
        request_iterator: AsyncIterator[SynthesizeRequest],
        context: grpc.aio.ServicerContext[SynthesizeRequest, SynthesizeResponse],
    ) -> AsyncIterator[SynthesizeResponse]:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        if "traceparent" in metadata:
            self.traces.append(metadata["traceparent"].split("-")[1])
        script = self.script
        name, rate, timings, samples, position = "", 24_000, False, 0, 0
        pending = ""
        ended = False
        breaks: int | None = None
        try:
            async for request in request_iterator:
                kind = request.WhichOneof("payload")
                if kind == "config":
                    name = request.context_id
                    rate = request.config.sample_rate_hertz or rate
                    timings = request.config.enable_word_time_offsets
                    if timings and not script.word_timings:
                        await context.abort(
                            grpc.StatusCode.UNIMPLEMENTED, "enable_word_time_offsets is not served"
                        )
                    yield SynthesizeResponse(
                        context_id=name,
                        audio_format=AudioFormat(
                            sample_rate_hertz=rate,
                            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
                            voice="fake",
                        ),
                    )
                elif kind == "text":
                    if not position and not pending and script.breaks:
                        breaks = script.breaks.pop(0)
                    pending += request.text
                elif kind == "end_input":
                    ended = True
                cut = max(pending.rfind(char) for char in ",.!?") + 1
                if not ended and not cut:
                    continue
                cut = len(pending) if ended else cut
                text, pending = pending[:cut], pending[cut:]
                words = [word for word in text.split() if any(map(str.isalnum, word))]
                if words:
                    self.spoken.append(text)
                    await asyncio.sleep(script.first_audio_s)
                    if timings:
                        yield _timings(name, words, samples / rate, position)
                    for _ in words:
                        if breaks is not None and samples >= int(WORD_SECONDS * rate) * breaks:
                            await context.abort(grpc.StatusCode.INTERNAL, "it breaks")
                        count = int(WORD_SECONDS * rate)
                        chunk = AudioChunk(audio_content=_noise(count), first_sample=samples)
                        samples += count
                        yield SynthesizeResponse(context_id=name, audio=chunk)
                position += len(text)
                if ended:
                    break
            yield SynthesizeResponse(
                context_id=name, done=Done(samples_sent=samples, characters=position)
            )
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def next_utterance(self) -> tuple[str, str, str]:
        number = self.begun
        self.begun += 1
        heard = self.script.heard
        final = heard[number] if number < len(heard) else ""
        early = self.script.preflights
        return f"u{number}", (early[number] if number < len(early) else final), final


class _Recognition:
    """One stream: energy is speech."""

    def __init__(
        self, owner: FakeSpeech, outgoing: asyncio.Queue[TranscribeResponse | None]
    ) -> None:
        self._owner = owner
        self._outgoing = outgoing
        self._time_s = 0.0
        self._silence_s = 0.0
        self._begin_s = 0.0
        self._end_s = 0.0
        self._utterance: tuple[str, str, str] | None = None
        self._revision = 0
        self._early = False
        self._pause = 0
        self._tasks: list[asyncio.Task[None]] = []

    def hear(self, content: bytes) -> None:
        samples = array("h", content)
        seconds = len(samples) / 16_000
        self._time_s += seconds
        if samples and max(samples) > LOUD:
            if self._utterance is None:
                self._utterance = self._owner.next_utterance()
                self._begin_s, self._revision = self._time_s - seconds, 0
                begin = SpeechEvent(
                    speech_event_type=SPEECH_EVENT_TYPE_BEGIN, utterance_id=self._utterance[0]
                )
                self._outgoing.put_nowait(TranscribeResponse(speech_event=begin))
                number = int(self._utterance[0][1:])
                interims = self._owner.script.interims
                first = self._utterance[1].split()[:1]
                interim = interims[number] if number < len(interims) else "".join(first)
                self._send(interim)
            self._silence_s, self._early = 0.0, False
            self._end_s = self._time_s
            return
        self._silence_s += seconds
        script = self._owner.script
        if self._utterance is None:
            return
        wait = script.preflight_ms
        if wait is not None and not self._early and self._silence_s * 1000 >= wait:
            self._early = True
            self._send(self._preflight(), preflight=True)
        if self._silence_s * 1000 >= script.final_ms:
            self.finish(FINALIZE_REASON_ENDPOINT)

    def finish(self, reason: int) -> None:
        if self._utterance is None:
            return
        self._owner.ended += 1
        self._send(self._utterance[2], final=True, reason=reason)
        self._utterance = None

    def _send(
        self, text: str, *, preflight: bool = False, final: bool = False, reason: int = 0
    ) -> None:
        assert self._utterance is not None
        self._revision += 1
        result = StreamingRecognitionResult(
            utterance_id=self._utterance[0],
            revision=self._revision,
            transcript=text,
            preflight=preflight,
            is_final=final,
            finalize_reason=reason,  # type: ignore[arg-type]
            start_ms=round(self._begin_s * 1000),
            end_ms=round(self._end_s * 1000),
            audio_processed_ms=round(self._time_s * 1000),
            language_code=self._language(),
            end_of_turn_probability=self._owner.script.end_of_turn,
        )
        self._tasks.append(asyncio.create_task(self._later(result)))

    def _preflight(self) -> str:
        assert self._utterance is not None
        pauses = self._owner.script.pauses
        text = pauses[min(self._pause, len(pauses) - 1)] if pauses else self._utterance[1]
        self._pause += 1
        return text

    def _language(self) -> str:
        assert self._utterance is not None
        number, languages = int(self._utterance[0][1:]), self._owner.script.languages
        return languages[number] if number < len(languages) else "en"

    async def _later(self, result: StreamingRecognitionResult) -> None:
        await asyncio.sleep(self._owner.script.decode_s)
        if result.is_final and self._owner.script.hold:
            await self._owner.script.hold.wait()
        self._outgoing.put_nowait(TranscribeResponse(result=result))

    async def settle(self) -> None:
        await asyncio.gather(*self._tasks)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


def _timings(name: str, words: list[str], begin_s: float, position: int) -> SynthesizeResponse:
    batch = TimingBatch()
    for index, word in enumerate(words):
        at = begin_s + index * WORD_SECONDS
        batch.words.append(
            WordTiming(
                text=word + " ",
                start_char=position,
                end_char=position + len(word) + 1,
                start_ms=round(at * 1000),
                end_ms=round((at + WORD_SECONDS) * 1000),
            )
        )
        position += len(word) + 1
    return SynthesizeResponse(context_id=name, timings=batch)


def _noise(samples: int) -> bytes:
    source = random.Random(samples)
    return struct.pack(f"<{samples}h", *(source.randint(-3000, 3000) for _ in range(samples)))
