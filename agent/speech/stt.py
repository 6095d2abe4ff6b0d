"""Recognition over the speech server's `Transcribe`, for livekit-agents.

One gRPC stream carries the caller's audio as long as it lives. When it breaks, the framework calls
`_run` again, and the audio that no final covers yet is sent again on the new stream; times stay on
the call's clock. livekit-agents would take a stream that the server ends without error for the end
of recognition, so that end is an error too.
"""

import asyncio
import contextlib
import time
import weakref
from typing import Any

import grpc
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APITimeoutError,
    LanguageCode,
    NotGivenOr,
    stt,
    utils,
)
from livekit.agents.utils import AudioBuffer, is_given
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1.speech_to_text_service_pb2 import (
    EndpointingConfig,
    SpeechContext,
    StreamingRecognitionConfig,
    TranscribeRequest,
    TranscribeResponse,
)
from trinity.speech.v1.speech_to_text_service_pb2_grpc import SpeechToTextServiceStub

from agent.speech.channel import wait_until_ready
from agent.speech.errors import to_api_error
from agent.speech.replay import ReplayBuffer
from agent.speech.results import ResultReader

SAMPLE_RATE_HZ = 16_000
STALL_SECONDS = 5.0
"""A server that takes no audio for so long is left for another one."""
REFUSAL_SECONDS = 0.3
"""Wait for a refusal of optional fields: audio that follows would hide the refusal's status."""
LAST_RESULT_SECONDS = 10.0
"""Longest wait for the last final once no more audio comes."""

OPTIONAL = frozenset({"speech_contexts", "endpointing_config"})
"""Fields of the config that are left out when a server does not serve them."""

_Call = grpc.aio.StreamStreamCall[TranscribeRequest, TranscribeResponse]


class GrpcSTT(stt.STT[Any]):
    """Streaming recognition by the speech server.

    Args:
        channel: Channel of this process; the caller closes it.
        language: ISO 639-1 code, or "auto".
        model: Name of the model; empty takes the server's default.
        phrases: Phrases that are likely.
        endpointing: When an utterance ends; None leaves all to the server.
        replay_s: Audio that is kept for another server, in seconds.
        connect_s: Longest wait for a server, in seconds.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        language: str = "en",
        model: str = "",
        phrases: tuple[str, ...] = (),
        endpointing: EndpointingConfig | None = None,
        replay_s: float = 10.0,
        connect_s: float = 3.0,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                aligned_transcript="chunk",
                offline_recognize=True,
                keyterms=True,
                # The server ends utterances itself, and sooner than a flush could; `flush` is
                # there for an utterance that it holds open too long.
                manual_flush=False,
            )
        )
        self.channel = channel
        self.replay_s = replay_s
        self.connect_s = connect_s
        self._stub = SpeechToTextServiceStub(channel)
        self._language = language
        self._model = model
        self._phrases = phrases
        self._keyterms: tuple[str, ...] = ()
        self._endpointing = endpointing
        self._not_served: set[str] = set()
        self.serves_all = False
        self._streams: weakref.WeakSet[GrpcRecognizeStream] = weakref.WeakSet()
        self.last_final_s = 0.0

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model or "default"

    @property
    def provider(self) -> str:
        """The speech server."""
        return "trinity"

    @property
    def connected(self) -> bool:
        """Some stream is open now."""
        return any(stream.connected for stream in self._streams)

    @property
    def in_utterance(self) -> bool:
        """The server is in the middle of an utterance."""
        return any(stream.in_utterance for stream in self._streams)

    @property
    def end_of_turn_probability(self) -> float | None:
        """The server's latest word on whether the caller has finished, 0 to 1."""
        for stream in self._streams:
            if (probability := stream.end_of_turn_probability) is not None:
                return probability
        return None

    def prewarm(self) -> None:
        """Begin to connect."""
        self.channel.get_state(try_to_connect=True)

    def flush(self) -> None:
        """Ask the server to finish the utterance that it is in."""
        for stream in self._streams:
            with contextlib.suppress(RuntimeError):  # a stream that was just closed
                stream.flush()

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        self._keyterms = tuple(keyterms)

    def config(self, language: str) -> StreamingRecognitionConfig:
        """Build the first message, without what the server was found not to serve."""
        config = StreamingRecognitionConfig(
            language_code="" if language == "auto" else language,
            model=self._model,
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
            sample_rate_hertz=SAMPLE_RATE_HZ,
            interim_results=True,
        )
        phrases = [*self._phrases, *self._keyterms]
        if phrases and "speech_contexts" not in self._not_served:
            config.speech_contexts.append(SpeechContext(phrases=phrases))
        if self._endpointing is not None and "endpointing_config" not in self._not_served:
            config.endpointing_config.CopyFrom(self._endpointing)
        return config

    def asks_for_more(self, config: StreamingRecognitionConfig) -> bool:
        """Tell whether a config has optional fields that may be refused."""
        fields = {field.name for field, _ in config.ListFields()}
        return not self.serves_all and bool(fields & OPTIONAL)

    def give_up(self, error: grpc.aio.AioRpcError) -> bool:
        """Leave out the optional field that an UNIMPLEMENTED names; False when there is none."""
        if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
            return False
        for field in sorted(OPTIONAL):
            if field in (error.details() or "") and field not in self._not_served:
                self._not_served.add(field)
                return True
        return False

    def open_call(self) -> _Call:
        """Open a gRPC stream without a deadline; keepalive watches over it."""
        call: _Call = self._stub.Transcribe(wait_for_ready=True)
        return call

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        stream = self.stream(
            language=language,
            conn_options=APIConnectOptions(max_retry=0, timeout=conn_options.timeout),
        )
        texts: list[stt.SpeechData] = []
        async with stream:
            for frame in buffer if isinstance(buffer, list) else [buffer]:
                stream.push_frame(frame)
            stream.end_input()
            async for event in stream:
                if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                    texts += [data for data in event.alternatives if data.text]
        text = " ".join(data.text for data in texts)
        code = texts[0].language if texts else LanguageCode(self.language_code(self._language))
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language=code, text=text)],
        )

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "GrpcRecognizeStream":
        """Open a recognition stream of the framework."""
        stream = GrpcRecognizeStream(
            owner=self,
            conn_options=conn_options,
            language=language if is_given(language) else self._language,
        )
        self._streams.add(stream)
        return stream

    @staticmethod
    def language_code(language: str) -> str:
        """A real language code; the framework makes nothing of "auto"."""
        return "en" if language in ("", "auto") else language


class GrpcRecognizeStream(stt.RecognizeStream):
    """One caller's audio, over as many gRPC streams as it takes.

    Args:
        owner: The recogniser.
        conn_options: How often and how soon the framework tries again.
        language: ISO 639-1 code, or "auto".
    """

    def __init__(self, *, owner: GrpcSTT, conn_options: APIConnectOptions, language: str) -> None:
        self._owner = owner
        self._language = language
        self._audio = ReplayBuffer(owner.replay_s)
        self._first_offset_s: float | None = None
        self._stream_begin_s = 0.0
        self._reader = ResultReader(owner.language_code(language))
        self._reported_s = 0.0
        self.connected = False
        super().__init__(stt=owner, conn_options=conn_options, sample_rate=SAMPLE_RATE_HZ)

    @property
    def in_utterance(self) -> bool:
        """The server is in the middle of an utterance."""
        return self.connected and self._reader.in_utterance

    @property
    def end_of_turn_probability(self) -> float | None:
        """The server's latest word on whether the caller has finished, 0 to 1."""
        return self._reader.end_of_turn_probability

    async def _run(self) -> None:
        if self._first_offset_s is None:
            self._first_offset_s = self.start_time_offset
        while await self._run_once():
            pass

    async def _run_once(self) -> bool:
        """Carry the audio over one gRPC stream.

        Returns:
            Whether another one is to be opened now: the server drains, or does not serve an
            optional field.
        """
        await wait_until_ready(self._owner.channel, self._owner.connect_s)
        self._reader = ResultReader(self._owner.language_code(self._language))
        draining = asyncio.Event()
        call = self._owner.open_call()
        send = asyncio.create_task(self._send(call))
        receive = asyncio.create_task(self._receive(call, draining))
        drained = asyncio.create_task(draining.wait())
        tasks = (send, receive, drained)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if send.done() and not receive.done():
                send.result()
                await asyncio.wait(
                    (receive, drained),
                    timeout=LAST_RESULT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not receive.done():
                    raise APITimeoutError("the speech server gave no last result")
            if drained.done() and not receive.done():
                return True
            receive.result()
            if not (send.done() and send.result()):
                raise APIConnectionError("the speech server ended the stream early")
            return False
        except grpc.aio.AioRpcError as error:
            if self._owner.give_up(error):
                return True
            raise to_api_error(error) from error
        finally:
            self.connected = False
            call.cancel()
            await utils.aio.cancel_and_wait(*tasks)

    async def _send(self, call: _Call) -> bool:
        """Send audio as it comes; False when the stream broke, of which `_receive` knows why.

        A write on a broken stream swallows this task's cancellation, so it ends by itself.
        """
        # What piled up while no server was there belongs to the replay, which is bounded.
        while not self._input_ch.empty():
            self._keep(self._input_ch.recv_nowait())
        self._stream_begin_s = self._audio.begin_s
        self.start_time = time.time() - (self._audio.end_s - self._audio.begin_s)
        config = self._owner.config(self._language)
        if not await self._write(call, TranscribeRequest(config=config)):
            return False
        if self._owner.asks_for_more(config):
            await asyncio.sleep(REFUSAL_SECONDS)
            if call.done():
                return False
            self._owner.serves_all = True
        self.connected = True
        for samples in self._audio:
            if not await self._write(call, TranscribeRequest(audio_content=samples)):
                return False
        async for item in self._input_ch:
            if (frame := self._keep(item)) is None:
                request = TranscribeRequest(force_eou=True)
            else:
                request = TranscribeRequest(audio_content=frame)
            if not await self._write(call, request):
                return False
        with contextlib.suppress(asyncio.InvalidStateError):
            await call.done_writing()
        return True

    def _keep(self, item: "rtc.AudioFrame | stt.RecognizeStream._FlushSentinel") -> bytes | None:
        if not isinstance(item, rtc.AudioFrame):
            return None
        samples = bytes(item.data)
        self._audio.append(samples, item.duration)
        return samples

    @staticmethod
    async def _write(call: _Call, request: TranscribeRequest) -> bool:
        try:
            await asyncio.wait_for(call.write(request), STALL_SECONDS)
        except TimeoutError:
            raise APITimeoutError("the speech server takes no audio") from None
        except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
            return False
        return True

    async def _receive(self, call: _Call, draining: asyncio.Event) -> None:
        moving = False
        async for response in call:
            kind = response.WhichOneof("payload")
            if kind == "server_draining":
                moving = True
            elif kind == "result":
                self._take(response.result.is_final, response)
            if moving and not self._reader.in_utterance:
                draining.set()

    def _take(self, is_final: bool, response: TranscribeResponse) -> None:
        result = response.result
        offset_s = (self._first_offset_s or 0.0) + self._stream_begin_s
        if (event := self._reader.read(result, offset_s)) is None:
            return
        self._event_ch.send_nowait(event)
        if not is_final:
            return
        self._owner.last_final_s = time.time()
        heard_ms = result.end_ms or result.audio_processed_ms
        self._audio.forget_until(self._stream_begin_s + heard_ms / 1000)
        if (heard_s := self._audio.end_s - self._reported_s) > 0:
            self._reported_s = self._audio.end_s
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    type=stt.SpeechEventType.RECOGNITION_USAGE,
                    request_id=result.utterance_id,
                    recognition_usage=stt.RecognitionUsage(audio_duration=heard_s),
                )
            )
