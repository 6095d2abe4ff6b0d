"""Client of the speech server: hears a recording, speaks a text.

The one module of this package that imports the speech contract.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import grpc
import numpy as np
import numpy.typing as npt
import soxr
from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import speech_to_text_service_pb2 as stt
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as stt_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as tts
from trinity.speech.v1 import text_to_speech_service_pb2_grpc as tts_grpc

from caller.errors import SpeechError
from caller.recorder import Samples

__all__ = ["SpeechServer", "resample"]

_RATE_HZ = 16000
_CHUNK_S = 0.1
_TAIL_S = 1.0
_DEADLINE_S = 120.0
_BUSY: Final = frozenset({grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE})
_WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""A recording is in no hurry, and a server that is busy with calls says so only for a while."""
_LOST_STATUS: Final = "Internal error from Core"
"""What grpc.aio says in place of the status when the server refused while a message was written."""
_OPTIONS = [
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.enable_http_proxy", 0),
]


class SpeechServer:
    """One channel to a speech server; use it as an asynchronous context manager."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._channel = grpc.aio.insecure_channel(target, options=_OPTIONS)

    async def __aenter__(self) -> "SpeechServer":
        """Opens nothing yet: the first request connects."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the channel."""
        await self._channel.close(None)

    async def transcribe(self, samples: Samples, rate_hz: int, language: str = "en") -> str:
        """Text of a recording: the finals of all its utterances in order.

        Raises:
            SpeechError: The server refused it, or was busy or away for half a minute.
        """
        audio = np.concatenate(
            [resample(samples, rate_hz, _RATE_HZ), np.zeros(round(_RATE_HZ * _TAIL_S), np.int16)]
        )

        async def requests() -> AsyncIterator[stt.TranscribeRequest]:
            yield stt.TranscribeRequest(
                config=stt.StreamingRecognitionConfig(
                    language_code=language,
                    encoding=audio_pb2.AUDIO_ENCODING_LINEAR16,
                    sample_rate_hertz=_RATE_HZ,
                )
            )
            step = round(_RATE_HZ * _CHUNK_S)
            for start in range(0, len(audio), step):
                yield stt.TranscribeRequest(audio_content=audio[start : start + step].tobytes())

        stub = stt_grpc.SpeechToTextServiceStub(self._channel)
        for wait_s in (*_WAITS_S, None):
            texts: list[str] = []
            try:
                async for reply in stub.Transcribe(requests(), timeout=_DEADLINE_S):
                    if reply.WhichOneof("payload") == "result" and reply.result.is_final:
                        texts.append(reply.result.transcript.strip())
            except grpc.aio.AioRpcError as error:
                if wait_s is None or not _may_pass(error):
                    raise self._failed("Transcribe", error) from error
                await asyncio.sleep(wait_s)
                continue
            break
        return " ".join(text for text in texts if text)

    async def synthesize(
        self, text: str, *, speaking_rate: float = 1.0, seed: int | None = None
    ) -> tuple[Samples, int]:
        """Speech of a text in the server's default voice, and its sample rate."""
        config = tts.StreamingSynthesizeConfig(
            encoding=audio_pb2.AUDIO_ENCODING_LINEAR16, speaking_rate=speaking_rate
        )
        if seed is not None:
            config.seed = seed

        async def requests() -> AsyncIterator[tts.SynthesizeRequest]:
            yield tts.SynthesizeRequest(context_id="1", config=config)
            yield tts.SynthesizeRequest(context_id="1", text=text)
            yield tts.SynthesizeRequest(context_id="1", end_input=tts.EndInput())

        rate_hz, pieces = 0, list[bytes]()
        stub = tts_grpc.TextToSpeechServiceStub(self._channel)
        try:
            async for reply in stub.Synthesize(requests(), timeout=_DEADLINE_S):
                match reply.WhichOneof("payload"):
                    case "audio_format":
                        rate_hz = reply.audio_format.sample_rate_hertz
                    case "audio":
                        pieces.append(reply.audio.audio_content)
                    case _:
                        continue
        except grpc.aio.AioRpcError as error:
            raise self._failed("Synthesize", error) from error
        if not pieces or not rate_hz:
            raise SpeechError(f"Synthesize at {self._target} gave no audio")
        return np.frombuffer(b"".join(pieces), "<i2").astype(np.int16), rate_hz

    def _failed(self, method: str, error: grpc.aio.AioRpcError) -> SpeechError:
        return SpeechError(
            f"{method} at {self._target}: {error.code().name}: {error.details() or 'no details'}"
        )


def _may_pass(error: grpc.aio.AioRpcError) -> bool:
    return error.code() in _BUSY or error.details() == _LOST_STATUS


def resample(samples: Samples, rate_hz: int, wanted_hz: int) -> Samples:
    """Samples at another rate."""
    if rate_hz == wanted_hz:
        return samples
    floats: npt.NDArray[np.float32] = soxr.resample(samples.astype(np.float32), rate_hz, wanted_hz)
    return np.clip(np.round(floats), -32768, 32767).astype(np.int16)
