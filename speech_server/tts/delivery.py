"""What a context sends, in its order, and the accounts of it."""

import time

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.telemetry import Metrics
from speech_server.tts.jobs import Job, Lane, Replay
from speech_server.tts.options import ENCODING_NUMBERS, SpeechOptions
from speech_server.tts.outbox import Outbox
from speech_server.tts.playback import Playback, Stretch
from speech_server.tts.scheduler import Scheduler
from speech_server.tts.script import Script
from speech_server.tts.segmenter import Segment
from speech_server.tts.timing import time_script
from speech_server.tts.utterance import Utterance
from speech_server.tts.voices import LoadedVoice


class Delivery:
    """Writes a context's messages; on the event loop.

    Args:
        context_id: Whose messages they are.
        options: What the client wants to be told.
        loaded: The voice.
        rate_hz: Samples a second of what is sent.
        lane: The context's lane, which is told what has left.
        scheduler: Whose lane it is.
        outbox: Where messages go.
        metrics: Where to count.
    """

    def __init__(
        self,
        context_id: str,
        options: SpeechOptions,
        loaded: LoadedVoice,
        *,
        rate_hz: int,
        lane: Lane,
        scheduler: Scheduler,
        outbox: Outbox,
        metrics: Metrics,
    ) -> None:
        self._context_id = context_id
        self._options = options
        self._loaded = loaded
        self._rate_hz = rate_hz
        self._lane = lane
        self._scheduler = scheduler
        self._outbox = outbox
        self._metrics = metrics
        self._playback = Playback(rate_hz)
        self._samples = 0
        self._clause_ms = 0.0
        self._speakable_s: float | None = None
        self._first_audio_s: float | None = None
        self._last_audio_s: float | None = None
        self._queue_s: float | None = None
        self._compute_s = 0.0
        self._batch_size = 0

    def open(self) -> None:
        """Say how the audio will look."""
        audio_format = pb.AudioFormat(
            sample_rate_hertz=self._rate_hz,
            encoding=ENCODING_NUMBERS[self._options.encoding],
            voice=self._loaded.name,
        )
        self._send(pb.SynthesizeResponse(audio_format=audio_format))

    def warn(self, reason: str, message: str) -> None:
        """Say that something is not as asked."""
        self._send(pb.SynthesizeResponse(warning=pb.Warning(reason=reason, message=message)))

    def speakable(self) -> None:
        """Note that there is text to speak; the first time counts."""
        if self._speakable_s is None:
            self._speakable_s = time.monotonic()

    def begin(
        self, index: int, segment: Segment, script: Script, job: Job, pause: int, samples: int
    ) -> None:
        """Announce a segment of a pause and its sound, and when its words are heard."""
        if not segment.before:
            self._clause_ms = (self._samples + pause) / self._rate_hz * 1000
        words, phonemes = self._times(script, job, segment.start)
        for word in words:
            self._playback.describe(Stretch(word.end_ms * self._rate_hz // 1000, word.end_char))
        self._playback.describe(Stretch(self._samples + samples, segment.end))
        if self._queue_s is None:
            self._queue_s = job.queue_s
        announced = pb.Segment(
            index=index,
            text=segment.text,
            spoken_text=script.spoken_text,
            start_char=segment.start,
            end_char=segment.end,
            sample_count=samples,
        )
        self._send(pb.SynthesizeResponse(segment=announced))
        timings = pb.TimingBatch(
            segment_index=index,
            words=words if self._options.word_times else [],
            phonemes=phonemes if self._options.phoneme_times else [],
        )
        if timings.words or timings.phonemes:
            self._send(pb.SynthesizeResponse(timings=timings))

    def sound(self, pieces: list[tuple[bytes, int]]) -> None:
        """Send sound."""
        now = time.monotonic()
        if self._first_audio_s is None:
            self._first_audio_s = now
            self._metrics.tts_first_audio.observe(now - (self._speakable_s or now))
        elif self._last_audio_s is not None:
            self._metrics.tts_inter_chunk.observe(now - self._last_audio_s)
        self._last_audio_s = now
        for data, samples in pieces:
            chunk = pb.AudioChunk(audio_content=data, first_sample=self._samples)
            self._samples += samples
            self._outbox.put(
                pb.SynthesizeResponse(context_id=self._context_id, audio=chunk),
                lambda count=samples: self._on_leave(count),  # type: ignore[misc]
            )

    def account(self, job: Job) -> None:
        """Add up a finished segment."""
        self._compute_s += job.compute_s
        self._batch_size = max(self._batch_size, job.batch_size)

    def flushed(self, flush: pb.Flush) -> None:
        """Answer a flush."""
        done = pb.FlushDone(flush_id=flush.flush_id)
        self._send(pb.SynthesizeResponse(flush_done=done))

    def cancelled(self) -> None:
        """Take back what has not left, and say what has."""
        self._outbox.drop(self._context_id)
        cancelled = pb.Cancelled(
            samples_sent=self._playback.sent, text_spoken_end=self._playback.heard_end_char
        )
        self._send(pb.SynthesizeResponse(cancelled=cancelled))

    def done(self, characters: int) -> None:
        """Say that everything is sent."""
        if self._samples:
            final = pb.AudioChunk(first_sample=self._samples, is_final=True)
            self._send(pb.SynthesizeResponse(audio=final))
        first_s = 0.0
        if self._first_audio_s is not None and self._speakable_s is not None:
            first_s = self._first_audio_s - self._speakable_s
        done = pb.Done(
            samples_sent=self._samples,
            characters=characters,
            first_audio_ms=first_s * 1e3,
            queue_ms=(self._queue_s or 0.0) * 1e3,
            audio_ms=self._samples / self._rate_hz * 1e3,
            compute_ms=self._compute_s * 1e3,
            batch_size=self._batch_size,
        )
        self._send(pb.SynthesizeResponse(done=done))

    def played(self, played_ms: int) -> None:
        """Take a report of what was heard."""
        self._playback.report(played_ms)
        self._scheduler.played(self._lane, self._samples / self._rate_hz - played_ms / 1e3)

    def _times(
        self, script: Script, job: Job, start_char: int
    ) -> tuple[list[pb.WordTiming], list[pb.PhonemeTiming]]:
        """Give the times of a segment that begins now, in the context's milliseconds."""
        if isinstance(job.work, Utterance):
            id_frames = job.work.id_frames
        elif isinstance(job.work, Replay):
            id_frames = job.work.recording.id_frames
        else:
            return [], []
        frame_ms = getattr(self._loaded.voice, "hop", 0) / self._loaded.rate_hz * 1000
        return time_script(script, id_frames, start_char, self._clause_ms, frame_ms)

    def _on_leave(self, samples: int) -> None:
        self._playback.left(samples)
        seconds = samples / self._rate_hz
        self._metrics.audio_seconds.labels("tts", "out").inc(seconds)
        self._scheduler.read(self._lane, seconds)

    def _send(self, message: pb.SynthesizeResponse) -> None:
        message.context_id = self._context_id
        self._outbox.put(message)
