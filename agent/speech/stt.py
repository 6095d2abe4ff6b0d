"""Recognition over the speech server's `Transcribe`, for livekit-agents.

One gRPC stream carries the caller's audio as long as it lives. When it breaks, the framework calls
`_run` again, and the audio that no final covers yet is sent again on the new stream; times stay on
the call's clock. livekit-agents would take a stream that the server ends without error for the end
of recognition, so that end is an error too.
"""

import contextlib
import weakref
from typing import Any

import grpc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    stt,
)
from livekit.agents.utils import AudioBuffer, is_given
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1.speech_to_text_service_pb2 import (
    EndpointingConfig,
    SpeechContext,
    StreamingRecognitionConfig,
)
from trinity.speech.v1.speech_to_text_service_pb2_grpc import SpeechToTextServiceStub

from agent.speech.recognition import SAMPLE_RATE_HZ, GrpcRecognizeStream, TranscribeCall
from agent.telemetry.tracing import trace_metadata

ADMITTED = ("trinity-admitted", "1")
"""Metadata: the stream is of a call that goes on, and is not refused because the device is busy."""
OPTIONAL = frozenset({"speech_contexts", "endpointing_config"})
"""Fields of the config that are left out when a server does not serve them."""


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
        replay_s: float = 30.0,
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
        # Unix times: the latest final; the latest one with words, and the end of their speech.
        self.last_final_s = 0.0
        self.last_words_s = 0.0
        self.last_speech_end_s = 0.0

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

    def set_endpointing(self, endpointing: EndpointingConfig) -> None:
        """End utterances otherwise from now on, in the streams that are open too."""
        self._endpointing = endpointing
        if "endpointing_config" not in self._not_served:
            for stream in self._streams:
                stream.reconfigure()

    def config(self, language: str) -> StreamingRecognitionConfig:
        """Build the first message, without what the server was found not to serve."""
        config = StreamingRecognitionConfig(
            language_code="" if language == "auto" else language,
            model=self._model,
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
            sample_rate_hertz=SAMPLE_RATE_HZ,
            interim_results=True,
            enable_voice_activity_events=True,
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

    def open_call(self) -> TranscribeCall:
        """Open a gRPC stream without a deadline; keepalive watches over it."""
        metadata = (*trace_metadata(), ADMITTED)
        call: TranscribeCall = self._stub.Transcribe(wait_for_ready=True, metadata=metadata)
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
