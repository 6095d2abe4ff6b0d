"""One utterance of a client on its way from text to sound."""

import asyncio
import secrets
import time
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.engines.piper import PiperVoice
from speech_server.errors import EngineFailed, FieldNotServed, InvalidRequest
from speech_server.telemetry import Metrics
from speech_server.tts.noise import Noise
from speech_server.tts.normalizer import has_rules, normalize
from speech_server.tts.options import ENCODING_NUMBERS, SpeechOptions
from speech_server.tts.outbox import Outbox
from speech_server.tts.pieces import Pronunciations, fill, plain_pieces
from speech_server.tts.playback import Playback, Stretch
from speech_server.tts.scheduler import Job, Scheduler, WholeText
from speech_server.tts.script import Script, write_script
from speech_server.tts.segmenter import Segment, Segmenter
from speech_server.tts.sound import MessageSizes, SegmentSound
from speech_server.tts.timing import time_script
from speech_server.tts.utterance import Manner, Utterance
from speech_server.tts.voices import LoadedVoice

MAX_CHARACTERS = 100_000
"""Text of one context; more than an hour of speech."""

SEGMENTS_AHEAD = 3
"""Segments that are with the scheduler at once."""

WHOLE_SENTENCES_FROM_MS = 1000
"""A client that would wait so long for more text gets whole sentences from the first on."""


@dataclass(frozen=True)
class Workshop:
    """What contexts share: the scheduler, threads, defaults."""

    scheduler: Scheduler
    executor: Executor
    metrics: Metrics
    first_clause: int
    sentence_silence_ms: int
    buffer_delay_ms: int


class Context:
    """The state of one context; used on the event loop only, but for the listener's methods.

    Created by its config, fed by the session, run as a task of the session by `run`, which ends
    after ``done`` or ``cancelled``.
    """

    def __init__(
        self,
        context_id: str,
        options: SpeechOptions,
        loaded: LoadedVoice,
        workshop: Workshop,
        outbox: Outbox,
    ) -> None:
        self.context_id = context_id
        self.finished = False
        self._options = options
        self._loaded = loaded
        self._workshop = workshop
        self._outbox = outbox
        self._loop = asyncio.get_running_loop()
        self._rate_hz = options.sample_rate_hz or loaded.rate_hz
        self._manner = _manner(options, loaded)
        _check_pronunciations(options, loaded)
        if options.normalization == "on" and not has_rules(loaded.source.config.language_code):
            raise FieldNotServed(
                "there are no rules for the voice's language", field="config.text_normalization"
            )
        self._seed = options.seed if options.seed is not None else secrets.randbits(64)
        delay_ms = options.buffer_delay_ms
        whole = delay_ms is not None and delay_ms >= WHOLE_SENTENCES_FROM_MS
        self._segmenter = Segmenter(0 if whole else workshop.first_clause)
        self._stall: asyncio.TimerHandle | None = None
        self._queue: asyncio.Queue[Segment | Exception | None] = asyncio.Queue()
        self._order: deque[Segment | pb.Flush] = deque()
        self._spoken: dict[int, tuple[Segment, Script]] = {}
        self._pronunciations = Pronunciations(options.pronunciations)
        self._free = asyncio.Semaphore(SEGMENTS_AHEAD)
        self._lane = workshop.scheduler.open_lane(
            None if options.max_lead_ms is None else options.max_lead_ms / 1000
        )
        self._playback = Playback(self._rate_hz)
        self._sizes = MessageSizes(self._rate_hz)
        self._index = 0
        self._pause_ms = 0
        self._ended = False
        self._characters = 0
        self._samples = 0
        self._jobs: list[Job] = []
        self._compute_s = 0.0
        self._batch_size = 0
        self._queue_s: float | None = None
        self._speakable_s: float | None = None
        self._first_audio_s: float | None = None
        self._last_audio_s: float | None = None
        self._send(
            pb.SynthesizeResponse(
                audio_format=pb.AudioFormat(
                    sample_rate_hertz=self._rate_hz,
                    encoding=ENCODING_NUMBERS[options.encoding],
                    voice=loaded.name,
                )
            )
        )
        if options.seed is not None and not isinstance(loaded.voice, PiperVoice):
            warning = pb.Warning(
                reason="SEED_NOT_SERVED",
                message="this voice draws its noise inside its graph; a seed does not repeat it",
            )
            self._send(pb.SynthesizeResponse(warning=warning))
        times = options.word_times or options.phoneme_times
        if times and not isinstance(loaded.voice, PiperVoice):
            warning = pb.Warning(
                reason="TIMES_NOT_SERVED",
                message="this voice does not tell the lengths of its phonemes",
            )
            self._send(pb.SynthesizeResponse(warning=warning))

    # What the session tells

    def feed(self, text: str) -> None:
        """Take the next piece of text.

        Raises:
            InvalidRequest: After the end, or too much of it.
        """
        if self.finished:
            return
        if self._ended:
            raise InvalidRequest("text came after end_input", field="text")
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise InvalidRequest(
                f"a context takes at most {MAX_CHARACTERS} characters", field="text"
            )
        self._take(self._segmenter.feed(text))
        self._watch_stall()

    def flush(self, flush: pb.Flush) -> None:
        """Speak what has come so far, and say when it is sent."""
        if self.finished:
            return
        self._take_rest()
        self._order.append(flush)
        self._settle()

    def end(self) -> None:
        """Take no more text."""
        if self.finished or self._ended:
            return
        self._take_rest()
        self._ended = True
        self._settle()

    def cancel(self) -> None:
        """Drop what is queued and in work, and say what was sent."""
        if self.finished:
            return
        self._outbox.drop(self.context_id)
        cancelled = pb.Cancelled(
            samples_sent=self._playback.sent, text_spoken_end=self._playback.heard_end_char
        )
        self._finish(pb.SynthesizeResponse(cancelled=cancelled))

    def played(self, played_ms: int) -> None:
        """Take a report of what was heard."""
        if self.finished:
            return
        if played_ms < 0:
            raise InvalidRequest("must not be negative", field="playback_position.played_ms")
        self._playback.report(played_ms)
        self._workshop.scheduler.played(self._lane, self._samples / self._rate_hz - played_ms / 1e3)

    async def run(self) -> None:
        """Turn segments into work for the scheduler until the context is finished.

        Raises:
            EngineFailed: Synthesis failed; ends the stream.
        """
        try:
            while True:
                segment = await self._queue.get()
                if segment is None:
                    return
                if isinstance(segment, Exception):
                    raise EngineFailed("synthesis failed") from segment
                await self._free.acquire()
                if self.finished:
                    return
                script = await self._loop.run_in_executor(
                    self._workshop.executor, self._write_script, segment
                )
                if self.finished:
                    return
                if script is None:
                    self._free.release()
                    self._order.remove(segment)
                    self._settle()
                else:
                    self._submit(segment, script)
        finally:
            self.close()

    def close(self) -> None:
        """Give everything up, whatever the state; sends nothing."""
        self.finished = True
        self._free.release()  # `run` may wait for a segment that is dropped now
        if self._stall is not None:
            self._stall.cancel()
        self._workshop.scheduler.close_lane(self._lane)

    # What the scheduler's thread tells

    def segment_begins(self, index: int, job: Job, pause: int, samples: int) -> None:
        """Announce a segment; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._on_begin, index, job, pause, samples)

    def segment_sounds(self, index: int, pieces: list[tuple[bytes, int]], *, last: bool) -> None:
        """Send sound; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._on_sound, index, pieces, last)

    def segment_failed(self, error: Exception) -> None:
        """End with an error; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, error)

    # Inside

    def _watch_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if self._segmenter.waiting:
            delay_ms = self._options.buffer_delay_ms
            if delay_ms is None:
                delay_ms = self._workshop.buffer_delay_ms
            self._stall = self._loop.call_later(delay_ms / 1000, self._on_stall)

    def _on_stall(self) -> None:
        self._stall = None
        segment = self._segmenter.stalled()
        if segment is None and self._options.buffer_delay_ms is not None:
            segment = self._segmenter.rest(whole_words=True)
        if segment is not None:
            self._take([segment])

    def _take_rest(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        segment = self._segmenter.rest()
        if segment is not None:
            self._take([segment])

    def _take(self, segments: list[Segment]) -> None:
        if segments and self._speakable_s is None:
            self._speakable_s = time.monotonic()
        for segment in segments:
            self._order.append(segment)
            self._queue.put_nowait(segment)

    def _write_script(self, segment: Segment) -> Script | None:
        text = segment.text
        config = self._loaded.source.config
        fixed = self._pronunciations.pieces(text)
        if self._options.normalization == "off":
            pieces = fill(text, fixed, plain_pieces)
        else:
            pieces = normalize(text, config.language_code, fixed)
        return write_script(text, pieces, self._loaded.phonemizer, config)

    def _submit(self, segment: Segment, script: Script) -> None:
        index, self._index = self._index, self._index + 1
        voice = self._loaded.voice
        sink = SegmentSound(
            self,
            index,
            voice_rate_hz=self._loaded.rate_hz,
            rate_hz=self._rate_hz,
            encoding=self._options.encoding,
            gain=self._loaded.gain * self._options.gain,
            pause_ms=self._pause_ms,
            sizes=self._sizes,
        )
        silence_ms = self._options.sentence_silence_ms
        if silence_ms is None:
            silence_ms = self._workshop.sentence_silence_ms
        self._pause_ms = silence_ms if segment.ends_sentence else 0
        self._spoken[index] = (segment, script)
        work = (
            Utterance(voice, script.ids, self._manner, Noise(self._seed, index))
            if isinstance(voice, PiperVoice)
            else WholeText(voice, script.ids, self._manner)
        )
        job = Job(work, self._loaded.name, sink, self._loaded.rate_hz)
        self._jobs.append(job)
        self._workshop.scheduler.submit(self._lane, job)

    def _on_begin(self, index: int, job: Job, pause: int, samples: int) -> None:
        if self.finished:
            return
        segment, script = self._spoken[index]
        words, phonemes = self._times(script, job, pause, segment.start)
        for word in words:
            self._playback.describe(Stretch(word.end_ms * self._rate_hz // 1000, word.end_char))
        self._playback.describe(Stretch(self._samples + samples, segment.end))
        if self._queue_s is None:
            self._queue_s = job.queue_s
        self._send(
            pb.SynthesizeResponse(
                segment=pb.Segment(
                    index=index,
                    text=segment.text,
                    spoken_text=script.spoken_text,
                    start_char=segment.start,
                    end_char=segment.end,
                    sample_count=samples,
                )
            )
        )
        wanted = pb.TimingBatch(
            segment_index=index,
            words=words if self._options.word_times else [],
            phonemes=phonemes if self._options.phoneme_times else [],
        )
        if wanted.words or wanted.phonemes:
            self._send(pb.SynthesizeResponse(timings=wanted))

    def _times(
        self, script: Script, job: Job, pause: int, start_char: int
    ) -> tuple[list[pb.WordTiming], list[pb.PhonemeTiming]]:
        """Give the times of a segment that begins now, in the context's milliseconds."""
        if not isinstance(job.work, Utterance):
            return [], []
        frame_ms = job.work.voice.hop / self._loaded.rate_hz * 1000
        base_ms = (self._samples + pause) / self._rate_hz * 1000
        return time_script(script, job.work.id_frames, start_char, base_ms, frame_ms)

    def _on_sound(self, index: int, pieces: list[tuple[bytes, int]], last: bool) -> None:
        if self.finished:
            return
        now = time.monotonic()
        metrics = self._workshop.metrics
        if self._first_audio_s is None:
            self._first_audio_s = now
            metrics.tts_first_audio.observe(now - (self._speakable_s or now))
        elif self._last_audio_s is not None:
            metrics.tts_inter_chunk.observe(now - self._last_audio_s)
        self._last_audio_s = now
        for data, samples in pieces:
            chunk = pb.AudioChunk(audio_content=data, first_sample=self._samples)
            self._samples += samples
            self._outbox.put(
                pb.SynthesizeResponse(context_id=self.context_id, audio=chunk),
                lambda count=samples: self._on_leave(count),  # type: ignore[misc]
            )
        if last:
            self._free.release()
            self._order.remove(self._spoken.pop(index)[0])
            job = self._jobs.pop(0)
            self._compute_s += job.compute_s
            self._batch_size = max(self._batch_size, job.batch_size)
            self._settle()

    def _on_leave(self, samples: int) -> None:
        self._playback.left(samples)
        seconds = samples / self._rate_hz
        self._workshop.metrics.audio_seconds.labels("tts", "out").inc(seconds)
        self._workshop.scheduler.read(self._lane, seconds)

    def _settle(self) -> None:
        """Answer the flushes whose text is sent, and finish when nothing is left."""
        while self._order and isinstance(self._order[0], pb.Flush):
            flush = self._order.popleft()
            assert isinstance(flush, pb.Flush)
            done = pb.FlushDone(flush_id=flush.flush_id)
            self._send(pb.SynthesizeResponse(flush_done=done))
        if not self._ended or self._order or self.finished:
            return
        if self._samples:
            final = pb.AudioChunk(first_sample=self._samples, is_final=True)
            self._send(pb.SynthesizeResponse(audio=final))
        first_s = 0.0
        if self._first_audio_s is not None and self._speakable_s is not None:
            first_s = self._first_audio_s - self._speakable_s
        self._finish(
            pb.SynthesizeResponse(
                done=pb.Done(
                    samples_sent=self._samples,
                    characters=self._characters,
                    first_audio_ms=first_s * 1e3,
                    queue_ms=(self._queue_s or 0.0) * 1e3,
                    audio_ms=self._samples / self._rate_hz * 1e3,
                    compute_ms=self._compute_s * 1e3,
                    batch_size=self._batch_size,
                )
            )
        )

    def _finish(self, message: pb.SynthesizeResponse) -> None:
        self._send(message)
        self.close()
        self._queue.put_nowait(None)

    def _send(self, message: pb.SynthesizeResponse) -> None:
        message.context_id = self.context_id
        self._outbox.put(message)


def _check_pronunciations(options: SpeechOptions, loaded: LoadedVoice) -> None:
    known = loaded.source.config.phoneme_ids
    for number, (_, ipa) in enumerate(options.pronunciations):
        if any(symbol not in known for symbol in ipa):
            raise InvalidRequest(
                "the voice does not know all of these phonemes",
                field=f"config.custom_pronunciations[{number}].ipa",
            )


def _manner(options: SpeechOptions, loaded: LoadedVoice) -> Manner:
    config = loaded.source.config
    speaker = config.default_speaker
    if options.speaker:
        if options.speaker in config.speakers:
            speaker = config.speakers[options.speaker]
        elif options.speaker.isdecimal() and int(options.speaker) < config.speaker_count:
            speaker = int(options.speaker)
        else:
            raise InvalidRequest("the voice has no such speaker", field="config.speaker")
    noise = options.noise_scale
    rhythm = options.noise_w_scale
    return Manner(
        length_scale=config.length_scale * options.length_factor,
        noise_scale=config.noise_scale if noise is None else noise,
        noise_w_scale=config.noise_w_scale if rhythm is None else rhythm,
        speaker=speaker,
    )
