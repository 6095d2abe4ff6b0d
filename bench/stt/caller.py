"""One caller: plays a recording in real time on an absolute schedule and notes what comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import numpy as np
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from bench.stt.clips import Clip, Samples

SILENCE_DBFS = -75.0


@dataclass
class Heard:
    """What one recording gave; times in seconds from its first sample."""

    clip: str
    tag: str
    reference: str
    seconds: float
    end_s: float
    start_s: float
    pause_s: float
    finals: list[str] = field(default_factory=list)
    final_at_s: list[float] = field(default_factory=list)
    speech_end_s: list[float] = field(default_factory=list)
    hits: int = 0
    retried_windows: int = 0
    first_interim_s: float | None = None
    interim_words: int = 0
    unstable_words: int = 0
    broken_promises: int = 0
    lags_s: list[float] = field(default_factory=list)
    error: str = ""

    @property
    def text(self) -> str:
        """All finals as one text."""
        return " ".join(text for text in self.finals if text)

    @property
    def final_delay_s(self) -> float | None:
        """From the true end of speech to the last final with words."""
        spoken = [at for at, text in zip(self.final_at_s, self.finals, strict=True) if text]
        return spoken[-1] - self.end_s if spoken else None

    @property
    def premature(self) -> bool:
        """Whether a final came while there was more to say."""
        return len([text for text in self.finals if text]) > 1


async def call(
    target: str,
    clip: Clip,
    *,
    chunk_ms: int,
    tail_s: float = 2.5,
    force: bool = False,
    interims: bool = True,
) -> Heard:
    """Speak one recording.

    Args:
        target: Address of the server.
        clip: The recording.
        chunk_ms: Audio in a message.
        tail_s: Room noise after it.
        force: Ask for the final with the last voiced audio instead of waiting for the endpoint.
        interims: Ask for interims.
    """
    heard = Heard(
        clip=clip.name,
        tag=clip.tag,
        reference=clip.text,
        seconds=clip.seconds,
        start_s=clip.start_s,
        end_s=clip.end_s,
        pause_s=clip.pause_s,
    )
    samples = _sound(clip, 0.0 if force else tail_s)
    if force:
        samples = samples[: int(clip.end_s * clip.rate_hz)]
    origin = 0.0

    async def requests() -> AsyncIterator[pb.TranscribeRequest]:
        nonlocal origin
        yield pb.TranscribeRequest(
            config=pb.StreamingRecognitionConfig(
                language_code=clip.language,
                sample_rate_hertz=clip.rate_hz,
                interim_results=interims,
            )
        )
        origin = time.monotonic()
        size = clip.rate_hz * chunk_ms // 1000
        for at in range(0, len(samples), size):
            piece = samples[at : at + size]
            due = origin + (at + len(piece)) / clip.rate_hz
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            heard.lags_s.append(time.monotonic() - due)
            yield pb.TranscribeRequest(
                audio_content=(piece * 32767).astype("<i2").tobytes(),
                force_eou=force and at + size >= len(samples),
            )

    promised: dict[str, str] = {}
    last: dict[str, str] = {}
    async with grpc.aio.insecure_channel(target) as channel:
        try:
            async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(requests()):
                if response.HasField("result"):
                    _note(heard, response.result, time.monotonic() - origin, promised, last)
        except grpc.aio.AioRpcError as error:
            heard.error = f"{error.code().name}: {error.details()}"
    return heard


def _note(
    heard: Heard,
    result: pb.StreamingRecognitionResult,
    at_s: float,
    promised: dict[str, str],
    last: dict[str, str],
) -> None:
    key = result.utterance_id
    heard.broken_promises += not result.transcript.startswith(promised.get(key, ""))
    promised[key] = result.transcript[: result.stable_prefix_chars]
    words, before = result.transcript.split(), last.get(key, "").split()
    kept = sum(1 for ours, theirs in zip(words, before, strict=False) if ours == theirs)
    heard.unstable_words += len(before) - kept
    heard.interim_words += len(words) - kept
    last[key] = result.transcript
    if not result.is_final:
        if heard.first_interim_s is None:
            heard.first_interim_s = at_s
        return
    heard.finals.append(result.transcript)
    heard.final_at_s.append(at_s)
    heard.speech_end_s.append(result.end_ms / 1000)
    heard.hits += result.timings.speculative_hit
    heard.retried_windows += result.timings.context_frames >= 3000


def _sound(clip: Clip, tail_s: float) -> Samples:
    rng = np.random.default_rng(0)
    room = rng.normal(0, 10 ** (SILENCE_DBFS / 20), int(tail_s * clip.rate_hz))
    sound: Samples = np.concatenate([clip.samples, room.astype(np.float32)]).clip(-1, 1)
    return sound
