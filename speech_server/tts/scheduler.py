"""What synthesis computes next, for all streams.

The unit of work is a text stage or one decoder window, some tens of milliseconds; between two of
them everything is decided anew. A device of several cores has several threads that take work: each
step has parts that only one core can do, so that the steps of several callers each take one core,
and the step of a lone caller takes all.
Sound that is about to run out comes first, then whoever has not been heard yet, then whoever runs
out next.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from speech_server.engines.piper import Floats
from speech_server.heap import give_back
from speech_server.scheduling.device import Device
from speech_server.telemetry import Metrics, get_logger
from speech_server.tts import compute
from speech_server.tts.jobs import Job, Lane, Replay, WholeText
from speech_server.tts.outlook import Outlook, Pace
from speech_server.tts.recordings import Recording, Recordings
from speech_server.tts.utterance import Utterance

URGENT_S = 0.15
"""Sound that runs out within this time is made before anybody's first."""

PATIENCE_S = 0.3
"""A first that has waited so long is late as well: on a device that cannot keep up, everybody's
delay grows instead of the last caller's alone."""

STATISTICS_S = 60.0

log = get_logger(__name__)


class Scheduler:
    """The threads that compute, and the lanes that they serve.

    Args:
        metrics: Where to count.
        threads: Steps that are computed at the same time, each for other lanes.
        text_batch: Segments whose text stage is computed together.
        window_batch: Windows that are computed together.
        recordings: What was said before; filled here.
        max_unread_s: Sound that may wait for a client that does not read.
        shared: Tells when recognition computes on the same device.
        yield_s: Sound left to hear from which a lane's next waits for recognition; 0 never waits.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        threads: int = 1,
        text_batch: int,
        window_batch: int,
        max_unread_s: float,
        recordings: Recordings,
        shared: Device | None = None,
        yield_s: float = 0.0,
    ) -> None:
        self._shared = shared
        self._yield_s = yield_s
        if shared is not None:
            shared.when_free(self._look_again)
        self._metrics = metrics
        self._text_batch = text_batch
        self._window_batch = window_batch
        self._recordings = recordings
        self._max_unread_s = max_unread_s
        self._changed = threading.Condition()
        self._lanes: list[Lane] = []
        self._stopping = False
        self._recent: deque[tuple[float, float, float]] = deque()
        self._pace = Pace()
        self._threads = [
            threading.Thread(target=self._run, name=f"tts-scheduler-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self, timeout_s: float) -> None:
        """Stop the threads after the work that they are at; blocks."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout_s)

    def open_lane(self, max_lead_s: float | None) -> Lane:
        """Open the lane of a context."""
        lane = Lane(max_lead_s)
        with self._changed:
            self._lanes.append(lane)
        return lane

    def submit(self, lane: Lane, job: Job) -> None:
        """Add a segment to a lane."""
        with self._changed:
            if not lane.closed:
                lane.jobs.append(job)
            self._changed.notify()

    def close_lane(self, lane: Lane) -> None:
        """Drop what is queued and in work for a lane; nothing of it is delivered after this."""
        with self._changed:
            lane.closed = True
            dropped = sum(job.compute_s for job in lane.jobs)
            lane.jobs.clear()
            if lane in self._lanes:
                self._lanes.remove(lane)
        if dropped:
            self._metrics.tts_wasted.inc(dropped)

    def read(self, lane: Lane, seconds: float) -> None:
        """Note that the client took so much sound."""
        with self._changed:
            lane.unread_s = max(0.0, lane.unread_s - seconds)
            self._changed.notify()

    def played(self, lane: Lane, remaining_s: float) -> None:
        """Note that the listener has so much sound left to hear."""
        with self._changed:
            lane.played_until = time.monotonic() + max(0.0, remaining_s)
            self._changed.notify()

    def left_s(self, lane: Lane) -> float:
        """Sound of a lane that was made and is not heard yet, in seconds."""
        with self._changed:
            return max(0.0, (lane.played_until or 0.0) - time.monotonic())

    @property
    def lanes(self) -> int:
        """Contexts that are open."""
        with self._changed:
            return len(self._lanes)

    @property
    def queue_depth(self) -> int:
        """Segments that have not begun."""
        with self._changed:
            return sum(job.begun_s is None for lane in self._lanes for job in lane.jobs)

    @property
    def realtime_factor(self) -> float:
        """Computing time for a second of sound over the last minute."""
        with self._changed:
            self._forget(time.monotonic())
            audio = sum(item[2] for item in self._recent)
            return sum(item[1] for item in self._recent) / audio if audio else 0.0

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping:
                    now = time.monotonic()
                    ready, wake = self._ready(now)
                    if ready:
                        break
                    self._changed.wait(None if wake is None else max(0.001, wake - now))
                if self._stopping:
                    return
                picked = self._pick(ready)
                items = [(lane, lane.jobs[0]) for lane in picked]
                outlook = self._look_out(
                    picked, [lane for _, lane in ready if lane not in picked], now
                )
                for lane in picked:
                    lane.in_work = True
            try:
                self._work(items, outlook)
            finally:
                with self._changed:
                    for lane in picked:
                        lane.in_work = False
                    self._changed.notify_all()

    def _look_out(self, picked: Sequence[Lane], waiting: Sequence[Lane], now: float) -> Outlook:
        """See who else wants something: who waits for a thread, or is computed for by another."""
        lone = not waiting and not any(lane.in_work for lane in self._lanes)
        lefts = {
            lane: (0.0 if lane.played_until is None else lane.played_until - now)
            for lane in (*waiting, *picked)
        }
        return Outlook(
            least_left_s=min((lefts[lane] for lane in waiting), default=float("inf")),
            left_s=min(lefts[lane] for lane in picked),
            frame_s=self._pace.frame_s(lone=lone),
            lone=lone,
            keep=self._window_batch > 1,
        )

    def _ready(self, now: float) -> tuple[list[tuple[int, Lane]], float | None]:
        """Give urgency and lane of what can be computed, the first first; or when to look again."""
        ready: list[tuple[tuple[int, float], int, Lane]] = []
        wake: float | None = None
        for number, lane in enumerate(self._lanes):
            if not lane.jobs or lane.in_work or lane.unread_s >= self._max_unread_s:
                continue
            left = None if lane.played_until is None else lane.played_until - now
            if lane.max_lead_s is not None and left is not None and left > lane.max_lead_s:
                at = now + left - lane.max_lead_s
                wake = at if wake is None else min(wake, at)
                continue
            if self._may_wait(left):
                at = now + (left or 0.0) - self._yield_s
                wake = at if wake is None else min(wake, at)
                continue
            ready.append((_rank(lane.jobs[0], left, now), number, lane))
        ready.sort(key=lambda item: item[:2])
        return [(urgency, lane) for (urgency, _), _, lane in ready], wake

    def _pick(self, ready: Sequence[tuple[int, Lane]]) -> list[Lane]:
        """Choose the lanes to work for at once: the first, and those whose steps go with its."""
        urgency, first = ready[0]
        mates = [
            lane
            for other, lane in ready
            if other == urgency and _same_call(first.jobs[0], lane.jobs[0])
        ]
        work = first.jobs[0].work
        is_text = isinstance(work, Utterance) and not work.started
        return mates[: self._text_batch if is_text else self._window_batch]

    def _may_wait(self, left_s: float | None) -> bool:
        """Whether recognition computes, and a lane's sound lasts until it has ended."""
        if self._shared is None or not self._yield_s or left_s is None:
            return False
        return left_s > self._yield_s and self._shared.recognises

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _work(self, items: Sequence[tuple[Lane, Job]], outlook: Outlook) -> None:
        if not items:
            return
        begin = time.monotonic()
        for _, job in items:
            if job.begun_s is None:
                job.begun_s = begin
                self._metrics.queue_wait.labels("tts").observe(job.queue_s)
        try:
            made = _compute([job for _, job in items], outlook)
        except Exception as error:
            if len(items) > 1:  # one bad segment must not end its neighbours'
                for item in items:
                    self._work([item], outlook)
                return
            log.exception("synthesis failed", voice=items[0][1].voice_name)
            self._fail(*items[0], error)
            return
        took = time.monotonic() - begin
        if not isinstance(items[0][1].work, Replay):
            phase = "text" if made[0] is None else "sound"
            self._metrics.inference.labels("tts", items[0][1].voice_name, phase).observe(took)
            self._metrics.batch_size.labels("tts").observe(len(items))
        sound = 0.0
        for (lane, job), samples in zip(items, made, strict=True):
            job.compute_s += took / len(items)
            job.batch_size = max(job.batch_size, len(items))
            if samples is not None and job.windows and isinstance(job.work, Utterance):
                frames = len(samples) // job.work.voice.hop
                self._pace.learn(took / len(items), frames, lone=outlook.lone)
            sound += self._deliver(lane, job, samples)
        with self._changed:
            self._recent.append((begin, took, sound))
            self._forget(begin)

    def _deliver(self, lane: Lane, job: Job, samples: Floats | None) -> float:
        if lane.closed:
            self._metrics.tts_wasted.inc(job.compute_s)
            return 0.0
        work = job.work
        if samples is None:
            assert isinstance(work, Utterance)
            job.sink.began(job, work.samples)
            return 0.0
        last = work.finished if isinstance(work, Utterance) else True
        if not isinstance(work, Utterance):
            job.sink.began(job, len(samples))
        elif job.keep is not None:
            self._record(job, work, samples, last=last)
        job.windows += 1
        audio_s = len(samples) / job.rate_hz
        job.audio_s += audio_s
        with self._changed:
            if last and lane.jobs and lane.jobs[0] is job:
                lane.jobs.popleft()
        lasting = job.sink.made(job, samples, last=last)
        now = time.monotonic()
        with self._changed:
            lane.unread_s += lasting
            if job.windows > 1 and lane.played_until is not None and lane.played_until < now:
                self._metrics.tts_underruns.inc()
            lane.played_until = max(now, lane.played_until or now) + lasting
        if last:
            self._metrics.realtime_factor.labels("tts", job.voice_name).observe(
                job.compute_s / max(job.audio_s, 1e-3)
            )
            give_back()
        return audio_s

    def _record(self, job: Job, work: Utterance, samples: Floats, *, last: bool) -> None:
        if work.samples > self._recordings.longest:
            return
        job.kept.append(samples)
        if last:
            whole = np.concatenate(job.kept)
            self._recordings.put(job.keep, Recording(whole, work.id_frames))

    def _fail(self, lane: Lane, job: Job, error: Exception) -> None:
        delivered = not lane.closed
        self.close_lane(lane)
        if delivered:
            job.sink.failed(job, error)

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] > STATISTICS_S:
            self._recent.popleft()


def _rank(job: Job, left_s: float | None, now: float) -> tuple[int, float]:
    """Order of a lane's next work, smaller first; ``left_s`` is sound that is not heard yet."""
    if isinstance(job.work, Replay):
        return -1, job.submitted_s  # costs nothing
    if left_s is None or (left_s <= 0 and job.begun_s is None):
        patience_s = job.submitted_s + PATIENCE_S - now
        return (0, patience_s) if patience_s < 0 else (1, job.submitted_s)
    return (0 if left_s < URGENT_S else 2), left_s


def _same_call(one: Job, other: Job) -> bool:
    """Whether two jobs' next steps can be computed together."""
    if one is other:
        return True
    if not isinstance(one.work, Utterance) or not isinstance(other.work, Utterance):
        return False
    if one.work.voice is not other.work.voice or one.work.started != other.work.started:
        return False
    lengths = len(one.work.ids), len(other.work.ids)
    # Padding a short text to a long one costs more than a call of its own.
    return one.work.started or 2 * min(lengths) >= max(lengths)


def _compute(jobs: Sequence[Job], outlook: Outlook) -> list[Floats | None]:
    """Do the next step of jobs that share a call; None stands for a text stage."""
    work = jobs[0].work
    if isinstance(work, Replay):
        return [work.recording.samples]
    if isinstance(work, WholeText):
        manner = work.manner
        scales = (manner.noise_scale, manner.length_scale, manner.noise_w_scale)
        return [work.voice.speak(work.ids, scales, manner.speaker)]
    utterances = [job.work for job in jobs if isinstance(job.work, Utterance)]
    if not work.started:
        compute.run_text(utterances, single=not outlook.lone)
        return [None] * len(jobs)
    items = [
        (utterance, utterance.plan(outlook.width(job.windows), keep=outlook.keep))
        for job, utterance in zip(jobs, utterances, strict=True)
    ]
    return list(compute.run_windows(items, single=not outlook.lone))
