"""One utterance of a client on its way from text to sound."""

import asyncio
import secrets
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.engines.piper import PiperVoice
from speech_server.errors import EngineFailed, InvalidRequest
from speech_server.telemetry import Metrics
from speech_server.tts.arrival import Arrival
from speech_server.tts.delivery import Delivery
from speech_server.tts.jobs import Job, Replay, WholeText
from speech_server.tts.joining import Joiner
from speech_server.tts.noise import Noise
from speech_server.tts.normalizer import normalize
from speech_server.tts.options import SpeechOptions
from speech_server.tts.outbox import Outbox
from speech_server.tts.pieces import Pronunciations, fill, plain_pieces
from speech_server.tts.recordings import Recordings
from speech_server.tts.scheduler import Scheduler
from speech_server.tts.script import Script, write_script
from speech_server.tts.segmenter import Segment
from speech_server.tts.sound import MessageSizes, SegmentSound
from speech_server.tts.utterance import Utterance
from speech_server.tts.voices import LoadedVoice
from speech_server.tts.wishes import check_text_options, manner_of, open_segmenter, warnings_of

MAX_CHARACTERS = 100_000
"""Text of one context; more than an hour of speech."""

SEGMENTS_AHEAD = 3
"""Segments that are with the scheduler at once."""

OPEN_UNTIL_S = 0.35
"""Sound left to hear at which a clause is begun whose end has not come."""

JOIN_UNTIL_S = 0.8
"""Sound left to hear at which a short sentence waits for the next one no longer."""

LOOK_S = 0.1


@dataclass(frozen=True)
class Workshop:
    """What contexts share: the scheduler, threads, defaults."""

    scheduler: Scheduler
    executor: Executor
    metrics: Metrics
    recordings: Recordings
    first_clause: int
    opening: int
    sentence_silence_ms: int
    buffer_delay_ms: int
    join_letters: int


class Context:
    """The state of one context; used on the event loop only, but for the listener's methods.

    Created by its config, fed by the session, run as a task of the session by `run`, which ends
    after ``done`` or ``cancelled``.

    Raises:
        InvalidRequest: The voice cannot do what the options ask for; names the field.
        FieldNotServed: There are no rules for the voice's language.
    """

    def __init__(
        self,
        context_id: str,
        options: SpeechOptions,
        loaded: LoadedVoice,
        workshop: Workshop,
        outbox: Outbox,
    ) -> None:
        self.finished = False
        self._options = options
        self._loaded = loaded
        self._workshop = workshop
        self._loop = asyncio.get_running_loop()
        self._rate_hz = options.sample_rate_hz or loaded.rate_hz
        self._manner = manner_of(options, loaded)
        check_text_options(options, loaded)
        self._pronunciations = Pronunciations(options.pronunciations)
        self._seed = options.seed if options.seed is not None else secrets.randbits(64)
        self._segmenter = open_segmenter(
            options, loaded, first_clause=workshop.first_clause, opening=workshop.opening
        )
        self._arrival = Arrival()
        self._opened: tuple[int, Utterance, SegmentSound] | None = None
        self._joiner = Joiner(workshop.join_letters)
        self._stall: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._queue: asyncio.Queue[Segment | None] = asyncio.Queue()
        self._failure: Exception | None = None
        self._order: deque[Segment | pb.Flush] = deque()
        self._spoken: dict[int, tuple[Segment, Script, Job]] = {}
        self._free = asyncio.Semaphore(SEGMENTS_AHEAD)
        self._lane = workshop.scheduler.open_lane(
            None if options.max_lead_ms is None else options.max_lead_ms / 1000
        )
        self._sizes = MessageSizes(self._rate_hz)
        self._index = 0
        self._pause_ms = 0
        self._ended = False
        self._characters = 0
        self._delivery = Delivery(
            context_id,
            options,
            loaded,
            rate_hz=self._rate_hz,
            lane=self._lane,
            scheduler=workshop.scheduler,
            outbox=outbox,
            metrics=workshop.metrics,
        )
        self._delivery.open()
        for reason, message in warnings_of(options, loaded):
            self._delivery.warn(reason, message)

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
        self._arrival.note(self._loop.time())
        self._take(self._segmenter.feed(text))
        self._open()
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
        self._delivery.cancelled()
        self._finish()

    def played(self, played_ms: int) -> None:
        """Take a report of what was heard."""
        if self.finished:
            return
        if played_ms < 0:
            raise InvalidRequest("must not be negative", field="playback_position.played_ms")
        self._delivery.played(played_ms)

    async def run(self) -> None:
        """Turn segments into work for the scheduler until the context is finished.

        Raises:
            EngineFailed: Synthesis failed; ends the stream.
        """
        try:
            while True:
                segment = await self._queue.get()
                await self._free.acquire()
                if self._failure is not None:
                    raise EngineFailed("synthesis failed") from self._failure
                if segment is None or self.finished:
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
        for timer in (self._stall, self._look):
            if timer is not None:
                timer.cancel()
        self._workshop.scheduler.close_lane(self._lane)

    # What the scheduler's thread tells

    def segment_begins(self, index: int, pause: int, samples: int) -> None:
        """Announce a segment; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._on_begin, index, pause, samples)

    def segment_sounds(self, index: int, pieces: list[tuple[bytes, int]], *, last: bool) -> None:
        """Send sound; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._on_sound, index, pieces, last)

    def segment_failed(self, error: Exception) -> None:
        """End with an error; on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._on_failed, error)

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
        self._speak(self._joiner.rest())

    def _take(self, segments: list[Segment]) -> None:
        for segment in segments:
            self._delivery.speakable()
            self._speak(self._joiner.feed(segment))
        if self._joiner.holding:
            self._look_later()

    def _open(self) -> None:
        """Begin a clause whose end has not come, when the listener would hear nothing till then.

        Text that came in one piece has an end that comes as soon.
        """
        if self._arrival.pieces < 2 or self._joiner.holding or not self._segmenter.waiting:
            return
        if self._runs_out(OPEN_UNTIL_S):
            segment = self._segmenter.opening(self._arrival.opening_letters)
            if segment is not None:
                self._take([segment])
        if self._segmenter.opens:
            self._look_later()

    def _runs_out(self, until_s: float) -> bool:
        """Whether nothing is in work, and less sound than that is left to hear."""
        if any(isinstance(item, Segment) for item in self._order):
            return False
        return self._workshop.scheduler.left_s(self._lane) < until_s

    def _look_later(self) -> None:
        if self._look is None:
            self._look = self._loop.call_later(LOOK_S, self._on_look)

    def _on_look(self) -> None:
        """Speak what waits for more text before the listener hears a gap."""
        self._look = None
        if self.finished:
            return
        if self._joiner.holding and self._runs_out(JOIN_UNTIL_S):
            self._speak(self._joiner.rest())
        if self._joiner.holding:
            self._look_later()
        self._open()

    def _speak(self, segments: list[Segment]) -> None:
        for segment in segments:
            self._order.append(segment)
            self._queue.put_nowait(segment)

    def _write_script(self, segment: Segment) -> Script | None:
        text = segment.clause
        config = self._loaded.source.config
        fixed = self._pronunciations.pieces(text)
        if self._options.normalization == "off":
            pieces = fill(text, fixed, plain_pieces)
        else:
            pieces = normalize(text, config.language_code, fixed)
        return write_script(
            text,
            pieces,
            self._loaded.phonemizer,
            config,
            ends_sentence=segment.ends_sentence,
            part=segment.part,
        )

    def _submit(self, segment: Segment, script: Script) -> None:
        index, self._index = self._index, self._index + 1
        loaded = self._loaded
        clause, before, sound = self._opened or (index, None, None)
        sink = SegmentSound(
            self,
            index,
            voice_rate_hz=loaded.rate_hz,
            rate_hz=self._rate_hz,
            encoding=self._options.encoding,
            gain=loaded.gain * self._options.gain,
            pause_ms=self._pause_ms,
            sizes=self._sizes,
            after=sound,
            goes_on=bool(segment.ahead),
        )
        silence_ms = self._options.sentence_silence_ms
        if silence_ms is None:
            silence_ms = self._workshop.sentence_silence_ms
        self._pause_ms = silence_ms if segment.ends_sentence else 0
        seed = None if self._options.seed is None else (self._options.seed, index)
        key = (loaded.name, tuple(script.ids), self._manner, seed)
        part = bool(segment.before or segment.ahead)
        recording = None if part else self._workshop.recordings.get(key)
        work: Replay | Utterance | WholeText
        if recording is not None:
            work = Replay(recording)
        elif isinstance(loaded.voice, PiperVoice):
            noise = Noise(self._seed, clause)
            work = Utterance(
                loaded.voice, script.ids, self._manner, noise, part=script.part, after=before
            )
            self._opened = (clause, work, sink) if segment.ahead else None
        else:
            work = WholeText(loaded.voice, script.ids, self._manner)
        job = Job(work, loaded.name, sink, loaded.rate_hz, keep=None if part else key)
        self._spoken[index] = (segment, script, job)
        self._workshop.scheduler.submit(self._lane, job)

    def _on_begin(self, index: int, pause: int, samples: int) -> None:
        if not self.finished:
            segment, script, job = self._spoken[index]
            self._delivery.begin(index, segment, script, job, pause, samples)

    def _on_sound(self, index: int, pieces: list[tuple[bytes, int]], last: bool) -> None:
        if self.finished:
            return
        self._delivery.sound(pieces)
        if last:
            segment, _, job = self._spoken.pop(index)
            self._delivery.account(job)
            self._free.release()
            self._order.remove(segment)
            self._settle()

    def _on_failed(self, error: Exception) -> None:
        self._failure = error
        self._free.release()  # `run` may wait for this very segment
        self._queue.put_nowait(None)

    def _settle(self) -> None:
        """Answer the flushes whose text is sent, and finish when nothing is left."""
        while self._order and isinstance(self._order[0], pb.Flush):
            flush = self._order.popleft()
            assert isinstance(flush, pb.Flush)
            self._delivery.flushed(flush)
        if self._ended and not self._order and not self.finished:
            self._delivery.done(self._characters)
            self._finish()

    def _finish(self) -> None:
        self.close()
        self._queue.put_nowait(None)
