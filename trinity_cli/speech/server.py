"""Client of the speech server, by its contract `trinity.speech.v1`."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

import grpc
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import server_service_pb2 as info
from trinity.speech.v1 import server_service_pb2_grpc as info_grpc
from trinity.speech.v1 import speech_to_text_service_pb2 as stt
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as stt_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as tts
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as tts_grpc

from trinity_cli.errors import BadRequest, CliError, NotFound, Unreachable
from trinity_cli.speech.messages import Sound, Utterance

_OPTIONS = (
    # A server that is gone without a word is noticed.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.enable_http_proxy", 0),
)
_CONTEXT = "1"
_T = TypeVar("_T")


class _Source(Generic[_T]):
    """What is sent; keeps the error that ended it, which gRPC itself loses."""

    def __init__(self, items: Iterable[_T]) -> None:
        self._items = items
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[_T]:
        try:
            yield from self._items
        except Exception as error:
            self.failure = error
            raise


class SpeechServer:
    """One channel to a speech server; use it as a context manager.

    Args:
        target: Its address, as host:port.
        timeout_s: Longest wait for an answer; streams last as long as there is something to say.
    """

    def __init__(self, target: str, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._channel = grpc.insecure_channel(target, options=_OPTIONS)

    def __enter__(self) -> Self:
        """Open nothing yet: the first request connects."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the channel; what runs on it ends."""
        self._channel.close()

    def voices(self, language: str = "") -> list[tts.VoiceInfo]:
        """List the voices, the default first."""
        stub = tts_grpc.TextToSpeechServiceStub(self._channel)
        try:
            reply = stub.ListVoices(
                tts.ListVoicesRequest(language_code=language), timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise self._failed(error) from error
        return list(reply.voices)

    def models(self) -> list[info.ModelInfo]:
        """List the recognition models, the default first."""
        stub = info_grpc.ServerServiceStub(self._channel)
        try:
            reply = stub.ListModels(info.ListModelsRequest(), timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise self._failed(error) from error
        return list(reply.models)

    def stats(self) -> info.GetStatsResponse:
        """Tell how busy the server is."""
        stub = info_grpc.ServerServiceStub(self._channel)
        try:
            return stub.GetStats(info.GetStatsRequest(), timeout=self._timeout_s)
        except grpc.RpcError as error:
            raise self._failed(error) from error

    def synthesize(
        self, texts: Iterable[str], *, voice: str = "", rate: float | None = None
    ) -> Iterator[Sound]:
        """Speak texts as they come; gives the sound as it comes.

        Args:
            texts: Pieces of one text, of any size.
            voice: Name of a voice; empty takes the default.
            rate: Speed; None is the voice's own.
        """
        config = tts.StreamingSynthesizeConfig(
            voice=voice, encoding=audio_pb2.AUDIO_ENCODING_LINEAR16, speaking_rate=rate
        )

        source = _Source(texts)

        def requests() -> Iterator[tts.SynthesizeRequest]:
            yield tts.SynthesizeRequest(context_id=_CONTEXT, config=config)
            for text in source:
                yield tts.SynthesizeRequest(context_id=_CONTEXT, text=text)
            yield tts.SynthesizeRequest(context_id=_CONTEXT, end_input=tts.EndInput())

        stub = tts_grpc.TextToSpeechServiceStub(self._channel)
        # A stream has no deadline: a server that does not answer is noticed by this.
        self.voices()
        call = stub.Synthesize(requests())
        rate_hz, speaks = 0, ""
        try:
            for reply in call:
                match reply.WhichOneof("payload"):
                    case "audio_format":
                        rate_hz = reply.audio_format.sample_rate_hertz
                        speaks = reply.audio_format.voice
                    case "audio":
                        yield Sound(reply.audio.audio_content, rate_hz, speaks)
                    case _:
                        continue
        except grpc.RpcError as error:
            raise source.failure or self._failed(error) from error
        finally:
            call.cancel()

    def transcribe(
        self,
        pieces: Iterable[bytes],
        rate_hz: int,
        *,
        language: str = "",
        model: str = "",
        interims: bool = False,
        words: bool = False,
    ) -> Iterator[Utterance]:
        """Recognise sound as it comes; gives interims, where wanted, and finals.

        Args:
            pieces: Signed 16-bit mono samples, of any length.
            rate_hz: Their rate, 8000 to 48000.
            language: ISO 639-1 code; empty detects it.
            model: Name of a model; empty takes the default.
            interims: Also give what may still change.
            words: Ask for the times of words.
        """
        config = stt.StreamingRecognitionConfig(
            language_code=language,
            model=model,
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
            sample_rate_hertz=rate_hz,
            interim_results=interims,
            enable_word_time_offsets=words,
        )

        source = _Source(pieces)

        def requests() -> Iterator[stt.TranscribeRequest]:
            yield stt.TranscribeRequest(config=config)
            for piece in source:
                yield stt.TranscribeRequest(audio_content=piece)

        stub = stt_grpc.SpeechToTextServiceStub(self._channel)
        self.models()  # as above
        call = stub.Transcribe(requests())
        try:
            for reply in call:
                if reply.WhichOneof("payload") == "result":
                    yield Utterance.of(reply.result)
        except grpc.RpcError as error:
            raise source.failure or self._failed(error) from error
        finally:
            call.cancel()

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(
            f"The speech server at {self._target} does not answer: {reason}",
            remedy="Start the stack with `trinity up`, or name another one in "
            "TRINITY_SPEECH_TARGET.",
        )

    def _failed(self, error: grpc.RpcError) -> CliError:
        assert isinstance(error, grpc.Call)
        code, details = error.code(), error.details() or "no details"
        match code:
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED:
                return self._unreachable(details)
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                return Unreachable(
                    f"The speech server is full: {details}", remedy="Try again in a moment."
                )
            case grpc.StatusCode.INVALID_ARGUMENT | grpc.StatusCode.OUT_OF_RANGE:
                return BadRequest(f"The speech server refuses it: {details}")
            case grpc.StatusCode.UNIMPLEMENTED:
                return BadRequest(f"The speech server does not serve it: {details}")
            case grpc.StatusCode.NOT_FOUND:
                return NotFound(
                    details, remedy="`trinity voices` and `trinity models` list what there is."
                )
            case _:
                return CliError(f"The speech server failed: {code.name}: {details}")
