"""Synthesis over the speech server's `Synthesize`, for livekit-agents.

Each reply has its own gRPC stream with one context in it, as the framework wants exactly one
segment a stream. The text goes out as it comes; the server cuts it into clauses. When the caller
interrupts, the framework cancels `_run`, and the call with it, so that the server stops too.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APITimeoutError,
    tts,
    utils,
)
from livekit.agents.types import TimedString
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1.text_to_speech_service_pb2 import (
    EndInput,
    Flush,
    StreamingSynthesizeConfig,
    SynthesizeRequest,
    SynthesizeResponse,
    WordTiming,
)
from trinity.speech.v1.text_to_speech_service_pb2_grpc import TextToSpeechServiceStub

from agent.speech.channel import wait_until_ready
from agent.speech.errors import to_api_error
from agent.speech.lead import LeadTrimmer
from agent.telemetry.tracing import trace_metadata

STALL_SECONDS = 10.0
"""A server that sends nothing for so long, having all the text, is given up."""
PROBE_SECONDS = 2.0
LEAD_MS = 8000
"""How far the server may be ahead of the listener: what a caller interrupts was not computed."""

_Call = grpc.aio.StreamStreamCall[SynthesizeRequest, SynthesizeResponse]


class GrpcTTS(tts.TTS[Any]):
    """Streaming synthesis by the speech server.

    Args:
        channel: Channel of this process; the caller closes it.
        voice: Name of the voice; empty takes the server's default.
        sample_rate_hz: Sample rate to ask for.
        speaking_rate: Speed; None takes the voice's own.
        word_timings: Ask for the words' times. `probe` finds out whether they are served.
        connect_s: Longest wait for a server, in seconds.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        voice: str = "",
        sample_rate_hz: int = 24_000,
        speaking_rate: float | None = None,
        word_timings: bool = False,
        connect_s: float = 3.0,
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True, aligned_transcript=word_timings),
            sample_rate=sample_rate_hz,
            num_channels=1,
        )
        self.channel = channel
        self.connect_s = connect_s
        self._stub = TextToSpeechServiceStub(channel)
        self.voice = voice
        self._speaking_rate = speaking_rate
        self.has_timings = False

    @property
    def model(self) -> str:
        """The voice's name."""
        return self.voice or "default"

    @property
    def provider(self) -> str:
        """The speech server."""
        return "trinity"

    @property
    def word_timings(self) -> bool:
        """The words' times are asked for."""
        return self._capabilities.aligned_transcript

    @word_timings.setter
    def word_timings(self, value: bool) -> None:
        self._capabilities.aligned_transcript = value

    def prewarm(self) -> None:
        """Begin to connect."""
        self.channel.get_state(try_to_connect=True)

    def config(self) -> StreamingSynthesizeConfig:
        """Build a context's first message."""
        return StreamingSynthesizeConfig(
            voice=self.voice,
            sample_rate_hertz=self.sample_rate,
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
            speaking_rate=self._speaking_rate,
            enable_word_time_offsets=self.word_timings,
            max_lead_ms=LEAD_MS,
        )

    def open_call(self) -> _Call:
        """Open a gRPC stream; the framework's stream watches over its time."""
        call: _Call = self._stub.Synthesize(wait_for_ready=True, metadata=trace_metadata())
        return call

    async def probe(self) -> bool:
        """Ask the server, with an empty context, whether it serves the words' times.

        Returns:
            Whether it does; False as well when no server answers in time.
        """
        self.word_timings = True
        call = self.open_call()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await call.write(SynthesizeRequest(context_id="probe", config=self.config()))
                await call.write(SynthesizeRequest(context_id="probe", end_input=EndInput()))
                async for response in call:
                    if response.WhichOneof("payload") == "done":
                        self.has_timings = True
                        return True
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError):
            pass
        finally:
            call.cancel()
        self.word_timings = False
        return False

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Speak a whole text."""
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "GrpcSynthesizeStream":
        """Speak a text while it arrives."""
        return GrpcSynthesizeStream(owner=self, conn_options=conn_options)


class GrpcSynthesizeStream(tts.SynthesizeStream):
    """One reply.

    Args:
        owner: The synthesiser.
        conn_options: How often and how soon the framework tries again.
    """

    def __init__(self, *, owner: GrpcTTS, conn_options: APIConnectOptions) -> None:
        self._owner = owner
        self._all_text_sent = False
        super().__init__(tts=owner, conn_options=conn_options)

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        context = utils.shortuuid("tts_")
        self._all_text_sent = False
        await wait_until_ready(self._owner.channel, self._owner.connect_s)
        call = self._owner.open_call()
        send = asyncio.create_task(self._send(call, context))
        receive = asyncio.create_task(self._receive(call, context, output_emitter))
        try:
            await asyncio.wait((send, receive), return_when=asyncio.FIRST_COMPLETED)
            if not receive.done():
                send.result()
            await receive
        except grpc.aio.AioRpcError as error:
            if self._owner.word_timings and not self._owner.has_timings:
                # Perhaps refused for them; text that was under way hides a refusal's status.
                self._owner.word_timings = False
                raise APIConnectionError("perhaps the server has no times of words") from error
            raise to_api_error(error) from error
        finally:
            call.cancel()
            await utils.aio.cancel_and_wait(send, receive)

    async def _send(self, call: _Call, context: str) -> None:
        async def write(**payload: Any) -> bool:
            try:
                await call.write(SynthesizeRequest(context_id=context, **payload))
            except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
                return False  # the stream is over; `_receive` knows why
            return True

        # A server that went since it was ready: the stream would wait for another one for good.
        opened = asyncio.ensure_future(write(config=self._owner.config()))
        if not (await asyncio.wait((opened,), timeout=self._owner.connect_s))[0]:
            raise APITimeoutError("no speech server is ready any more")
        if not opened.result():
            return
        async for item in self._input_ch:
            if isinstance(item, str):
                self._mark_started()  # without it the framework's time to first audio is wrong
                if not await write(text=item):
                    return
            elif not (self._input_ch.closed and self._input_ch.empty()):
                await write(flush=Flush(flush_id=context))
        self._all_text_sent = True
        if await write(end_input=EndInput()):
            try:
                await call.done_writing()
            except asyncio.InvalidStateError:
                return

    async def _receive(self, call: _Call, context: str, emitter: tts.AudioEmitter) -> None:
        playing: _Playing | None = None
        while True:
            response = await self._next(call)
            if response is None:
                raise APIConnectionError("the speech server ended the stream early")
            kind = response.WhichOneof("payload")
            if kind in ("audio_format", "done") and playing is None:
                rate = response.audio_format.sample_rate_hertz or self._owner.sample_rate
                playing = _Playing(emitter, context, rate)
            if playing is not None and kind == "timings":
                self._owner.has_timings = True
                playing.words(response.timings.words)
            elif playing is not None and kind == "audio":
                playing.sound(response.audio.audio_content)
            elif kind == "done":
                break
            elif kind == "cancelled":
                raise APIConnectionError("the speech server cancelled the reply")
        if playing is not None:
            playing.end()

    async def _next(self, call: _Call) -> SynthesizeResponse | None:
        read = asyncio.ensure_future(call.read())
        try:
            while True:
                done, _ = await asyncio.wait((read,), timeout=STALL_SECONDS)
                if done:
                    response = read.result()
                    return response if isinstance(response, SynthesizeResponse) else None
                if self._all_text_sent:
                    raise APITimeoutError("the speech server sends no audio")
        finally:
            if not read.done():
                read.cancel()


class _Playing:
    """The sound of one reply on its way to the framework, without the silence that it begins with.

    Args:
        emitter: The framework's.
        context: The reply's id.
        rate_hz: Sample rate of the sound.
    """

    def __init__(self, emitter: tts.AudioEmitter, context: str, rate_hz: int) -> None:
        self._emitter = emitter
        self._rate_hz = rate_hz
        self._lead = LeadTrimmer(rate_hz)
        self._words: list[WordTiming] = []
        self._spoken = False
        emitter.initialize(
            request_id=context,
            sample_rate=rate_hz,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        emitter.start_segment(segment_id=context)

    def words(self, words: Iterable[WordTiming]) -> None:
        """Take the times of words, which come before their sound."""
        self._words += words
        if self._lead.begun:
            self._push_words()

    def sound(self, content: bytes) -> None:
        """Take the next sound."""
        self._push(self._lead.feed(content))

    def end(self) -> None:
        """End the reply."""
        self._push(self._lead.finish())
        self._push_words()
        if not self._spoken:
            # Nothing in the text could be spoken. The framework takes no audio for a failure and
            # tries for four seconds; 10 ms of silence tell it that all is well.
            self._emitter.push(b"\0\0" * (self._rate_hz // 100))
        self._emitter.end_segment()

    def _push(self, content: bytes) -> None:
        if content:
            self._push_words()  # before the audio that they belong to, as the framework wants them
            self._emitter.push(content)
            self._spoken = True

    def _push_words(self) -> None:
        words, self._words = self._words, []
        if words:
            self._emitter.push_timed_transcript(
                [
                    TimedString(
                        word.text,
                        start_time=max(0.0, word.start_ms / 1000 - self._lead.offset_s),
                        end_time=max(0.0, word.end_ms / 1000 - self._lead.offset_s),
                    )
                    for word in words
                ]
            )
