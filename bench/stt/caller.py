"""One caller of our server: recordings in real time on an absolute schedule, and what comes back.

A stream may carry several recordings one after the other, as a call does; a result belongs to the
recording that its utterance began in.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import grpc
import numpy as np
from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from bench.stt.clips import Clip, Samples
from bench.stt.pace import Pace, complete_at, new_heard, room, words_of
from bench.stt.records import Final, Heard

END = pb.SPEECH_EVENT_TYPE_END


@dataclass(frozen=True)
class Ways:
    """How a caller speaks.

    Args:
        chunk_ms: Audio in a message.
        tail_s: Room noise after each recording, at least.
        speech: Share of the stream that is speech; the tail grows to it.
        force: Ask for the final with the last audio of speech instead of waiting for it.
        interims: Ask for interims.
        limit_ms: Lateness from which a message counts as late.
        speed: Times real time.
        settle_s: Time between the config and the first audio. A refusal that comes while a message
            is written reaches the caller as an internal error (grpc #36066); so it is heard first.
    """

    chunk_ms: int = 50
    tail_s: float = 2.0
    speech: float = 1.0
    force: bool = False
    interims: bool = True
    limit_ms: float = 5.0
    speed: float = 1.0
    settle_s: float = 0.0

    def length_s(self, clip: Clip) -> float:
        """Time that a recording takes of the stream."""
        if self.force:
            return clip.end_s
        return max(clip.seconds + self.tail_s, clip.seconds / self.speech)


@dataclass
class _Utterance:
    promised: str = ""
    last: str = ""
    preflight: str | None = None
    ended_at_s: float | None = None
    unstable: int = 0
    heard: Heard | None = None


@dataclass
class _Talk:
    """The recordings of one stream with the moment at which each begins."""

    heard: list[Heard]
    begins_s: list[float]
    utterances: dict[str, _Utterance] = field(default_factory=dict)
    shown: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """For each recording what was to be read of it, and from when on."""

    def at(self, audio_ms: int) -> tuple[Heard, float]:
        """Give the recording that a moment of the stream lies in."""
        index = int(np.searchsorted(self.begins_s, audio_ms / 1000, side="right")) - 1
        index = max(0, index)
        return self.heard[index], self.begins_s[index]


async def call(
    target: str,
    clip: Clip,
    *,
    chunk_ms: int,
    force: bool = False,
    interims: bool = True,
    settle_s: float = 0.0,
) -> Heard:
    """Speak one recording over a stream of its own, for benches of other parts."""
    ways = Ways(chunk_ms=chunk_ms, force=force, interims=interims, settle_s=settle_s)
    (heard,) = await speak(target, [clip], ways)
    return heard


async def speak(target: str, clips: Sequence[Clip], ways: Ways) -> list[Heard]:
    """Speak recordings over one stream.

    Args:
        target: Address of the server.
        clips: The recordings, all of one rate and language.
        ways: How.
    """
    heard = [new_heard(clip) for clip in clips]
    lengths = [ways.length_s(clip) for clip in clips]
    talk = _Talk(heard, [float(at) for at in np.cumsum([0.0, *lengths[:-1]])])
    pace = Pace(ways.limit_ms)
    async with grpc.aio.insecure_channel(target) as channel:
        stub = pb_grpc.SpeechToTextServiceStub(channel)
        try:
            async for response in stub.Transcribe(_requests(clips, lengths, ways, pace, talk)):
                now_s = time.monotonic() - pace.origin
                if response.HasField("speech_event"):
                    event = response.speech_event
                    if event.speech_event_type == END:
                        _utterance(talk, event.utterance_id).ended_at_s = now_s
                elif response.HasField("result"):
                    _note(talk, response.result, now_s)
        except grpc.aio.AioRpcError as error:
            for one in heard:
                if not one.finals:
                    one.refused = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                    one.error = f"{error.code().name}: {error.details()}"
    for one in heard:
        one.text = " ".join(final.text for final in one.finals if final.text)
        one.complete_s = next((f.at_s for f in reversed(one.finals) if f.text), None)
        if one.complete_s is not None:
            one.shown_s = complete_at(talk.shown[one.clip], one.end_s)
    return heard


async def _requests(
    clips: Sequence[Clip], lengths: Sequence[float], ways: Ways, pace: Pace, talk: _Talk
) -> AsyncIterator[pb.TranscribeRequest]:
    rate_hz = clips[0].rate_hz
    yield pb.TranscribeRequest(
        config=pb.StreamingRecognitionConfig(
            language_code=clips[0].language,
            sample_rate_hertz=rate_hz,
            interim_results=ways.interims,
            enable_voice_activity_events=True,
        )
    )
    await asyncio.sleep(ways.settle_s)
    pace.begin()
    size = rate_hz * ways.chunk_ms // 1000
    for number, clip in enumerate(clips):
        sound = _sound(clip, lengths[number])
        for at in range(0, len(sound), size):
            piece = sound[at : at + size]
            await pace.wait(len(piece) / rate_hz / ways.speed)
            yield pb.TranscribeRequest(
                audio_content=(piece * 32767).astype("<i2").tobytes(),
                force_eou=ways.force and at + size >= len(sound),
            )
        pace.note(talk.heard[number])


def _utterance(talk: _Talk, key: str) -> _Utterance:
    return talk.utterances.setdefault(key, _Utterance())


def _note(talk: _Talk, result: pb.StreamingRecognitionResult, now_s: float) -> None:
    utterance = _utterance(talk, result.utterance_id)
    # The middle of an utterance: its begin may reach back into the silence before.
    heard, begin_s = talk.at((result.start_ms + result.end_ms) // 2)
    if not result.transcript.startswith(utterance.promised):
        heard.broken_promises += 1
    utterance.promised = result.transcript[: result.stable_prefix_chars]
    words, before = words_of(result.transcript), words_of(utterance.last)
    kept = next(
        (i for i, pair in enumerate(zip(words, before, strict=False)) if pair[0] != pair[1]),
        min(len(words), len(before)),
    )
    heard.unstable_words += len(before) - kept
    utterance.last = result.transcript
    text = " ".join(part for part in (*(f.text for f in heard.finals), result.transcript) if part)
    talk.shown.setdefault(heard.clip, []).append((now_s - begin_s, text))
    if not result.is_final:
        heard.interims += 1
        utterance.preflight = result.transcript if result.preflight else None
        if heard.first_interim_s is None:
            heard.first_interim_s = now_s - begin_s
        return
    ended_s = utterance.ended_at_s
    heard.finals.append(
        Final(
            text=result.transcript,
            at_s=now_s - begin_s,
            end_ms=result.end_ms - round(begin_s * 1000),
            reason=pb.FinalizeReason.Name(result.finalize_reason).removeprefix("FINALIZE_REASON_"),
            after_endpoint_s=None if ended_s is None else now_s - ended_s,
            held=utterance.preflight == result.transcript,
            retried=result.timings.context_frames >= 3000,
        )
    )


def _sound(clip: Clip, length_s: float) -> Samples:
    count = round(length_s * clip.rate_hz)
    sound = room(count)
    samples = clip.samples[:count]
    sound[: len(samples)] = samples
    return sound.clip(-1, 1)
