"""One queue before one recognition model, for the streams of all callers.

The model decodes in lanes, each a thread of its own that takes the most urgent work as soon as it
is idle, together with what gathered meanwhile that can share its batch; nothing waits for a batch
to fill. Work is chosen when a lane becomes free and not when it is handed in, so a final never
stands behind interims that came before it; and one lane of several is kept free of interims, so
that it does not stand behind one that is being decoded either. Where a batch takes the whole
device, nothing begins beside finals: it would only delay them (ADR 0012).
"""

import asyncio
import enum
import itertools
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Final

from speech_server.engines.base import DecodeItem, Hypothesis, RecognitionEngine, Wanted
from speech_server.errors import EngineFailed
from speech_server.scheduling.device import Device
from speech_server.scheduling.load import Headroom, Load
from speech_server.telemetry import Metrics, get_logger

log = get_logger(__name__)

BEHIND_S: Final = 1.0
"""Wait of a final at which the server takes no more streams."""


HALF_S: Final = 12.0
"""Speech up to which a fault is tried over half of the window first: it mended every loop of short
recordings in a third of the time of the full one."""


class Priority(enum.IntEnum):
    """What goes first."""

    FINAL = 0
    FIRST_INTERIM = 1
    INTERIM = 2


@dataclass(eq=False)
class Job:
    """One window that waits for the model."""

    item: DecodeItem
    priority: Priority
    stream: Hashable
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Hypothesis]
    number: int
    turn: int = 0
    """Jobs of the same stream that waited already: a stream with a backlog delays itself alone."""
    queued_at: float = field(default_factory=time.perf_counter)
    retried: str = ""
    free: bool = False
    """Begun only since nobody needed the model: it says nothing of what finals need."""
    wanted: Wanted | None = None
    """Whether somebody waits for the batch that it is decoded in."""

    @property
    def rank(self) -> tuple[Priority, int, int]:
        """Place in the queue."""
        return (self.priority, self.turn, self.number)

    @property
    def final(self) -> bool:
        """Whether it is of final quality."""
        return self.priority is Priority.FINAL


class Scheduler:
    """Runs a recognition engine on threads of its own.

    Args:
        engine: The engine; only these threads call its ``decode``.
        lanes: Batches that are decoded at once.
        max_batch: Most finals in a batch.
        max_interim_batch: Most interims in a batch; a batch stops when nobody waits for any of
            it, so this bounds how long a final of one may wait behind interims of others.
        metrics: Where to count.
        device: Who else computes where the engine does; told of each batch.
    """

    def __init__(
        self,
        engine: RecognitionEngine,
        *,
        lanes: int = 1,
        max_batch: int,
        max_interim_batch: int,
        metrics: Metrics,
        device: Device | None = None,
    ) -> None:
        self.load = Load()
        self.headroom = Headroom(self.load)
        self._device = device or Device()
        self._engine = engine
        self._most = {
            Priority.FINAL: max_batch,
            Priority.FIRST_INTERIM: max_interim_batch,
            Priority.INTERIM: max_interim_batch,
        }
        self._metrics = metrics
        self._numbers = itertools.count()
        self._queue: list[Job] = []
        self._at_work: list[list[Job]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._interim_lanes = max(1, lanes - 1)
        self._threads = [
            threading.Thread(target=self._run, name=f"speech-stt-lane-{lane}", daemon=True)
            for lane in range(lanes)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def depth(self) -> int:
        """Jobs that wait."""
        return len(self._queue)

    def submit(
        self, item: DecodeItem, priority: Priority, stream: Hashable, *, free: bool = False
    ) -> asyncio.Future[Hypothesis]:
        """Queue a window; a queued interim of the same stream is replaced and its future cancelled.

        What is ``free`` would not have been begun on a busier model, and does not count as load.
        The future fails with `EngineFailed` when the engine does. Cancelling it takes the job out
        of the queue, and ends its decoding when nobody waits for its batch mates either.
        """
        loop = asyncio.get_running_loop()
        job = Job(
            item, priority, stream, loop, loop.create_future(), next(self._numbers), free=free
        )
        replaced: list[Job] = []
        with self._changed:
            if self._closed:
                raise EngineFailed("the model is closed")
            if not job.final:
                replaced = [old for old in self._queue if old.stream == stream and not old.final]
                for old in replaced:
                    # Newer audio takes the place in the queue, or a busy device starves it.
                    job.number = min(job.number, old.number)
                    self._queue.remove(old)
            job.turn = sum(old.stream == stream and old.priority is priority for old in self._queue)
            self._queue.append(job)
            self._changed.notify()
        for old in replaced:
            self._metrics.stt_superseded.inc()
            old.future.cancel()
        job.future.add_done_callback(lambda _: self._forget(job))
        self._metrics.queue_depth.labels("stt").set(self.depth)
        return job.future

    def waits(self, future: asyncio.Future[Hypothesis]) -> bool:
        """Whether the job of a future is still in the queue."""
        with self._changed:
            return any(job.future is future for job in self._queue)

    def is_free_for(self, stream: Hashable) -> bool:
        """Whether nothing waits or is computed that is not this stream's."""
        with self._changed:
            jobs = itertools.chain(self._queue, *self._at_work)
            return all(job.stream == stream for job in jobs)

    def is_full(self, streams: int) -> bool:
        """Whether no stream fits beside so many open ones: by measure, or since finals wait."""
        return self.headroom.streams(streams) < 1 or self.is_behind()

    def is_behind(self) -> bool:
        """Whether finals wait longer than callers should."""
        with self._changed:
            oldest = min(
                (job.queued_at for job in self._queue if job.final),
                default=None,
            )
        return oldest is not None and time.perf_counter() - oldest > BEHIND_S

    def close(self) -> None:
        """Fail what waits and end the threads after what they do now. Blocks."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        left, self._queue = self._queue, []
        for job in left:
            self._fail(job, EngineFailed("the server stopped"))

    def _forget(self, job: Job) -> None:
        with self._changed:
            if job in self._queue:
                self._queue.remove(job)
        if job.wanted is not None:
            job.wanted.look()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._ready():
                    self._changed.wait()
                if self._closed:
                    return
                batch = self._pick()
                self._at_work.append(batch)
                sharing = len(self._at_work)
            self._metrics.queue_depth.labels("stt").set(self.depth)
            began = time.perf_counter()
            with self._device.recognising():
                whole = self._decode(batch)
            took_s = time.perf_counter() - began
            with self._changed:
                sharing += len(self._at_work)
                self._at_work.remove(batch)
                self._changed.notify()
            # Lanes that computed at the same time had a part of the device each.
            self._account(batch, took_s / (sharing / 2), whole=whole)

    def _ready(self) -> bool:
        """Whether there is work for a lane that is idle."""
        finals = sum(batch[0].final for batch in self._at_work)
        if finals and self._engine.takes_all_cores:
            return False
        if len(self._at_work) - finals < self._interim_lanes:
            return bool(self._queue)
        return any(job.final for job in self._queue)

    def _account(self, batch: list[Job], busy_s: float, *, whole: bool) -> None:
        finals = batch[0].final
        self.load.add(busy_s, finals=finals and not all(job.free for job in batch))
        if finals and whole:
            self.headroom.learn(busy_s, sum(job.item.own_ms for job in batch) / 1000)

    def _pick(self) -> list[Job]:
        """Take the most urgent job and those that can go with it off the queue."""
        ranked = sorted(self._queue, key=lambda job: job.rank)
        head = ranked[0]
        key = (self._engine.bucket(head.item), head.item.options)
        batch = [
            job
            for job in ranked
            if job.final is head.final and (self._engine.bucket(job.item), job.item.options) == key
        ][: self._most[head.priority]]
        for job in batch:
            self._queue.remove(job)
        return batch

    def _decode(self, batch: list[Job]) -> bool:
        """Decode a batch and hand out what came of it; whether it was decoded to its end."""
        began = time.perf_counter()

        wanted = Wanted(lambda: not all(job.future.done() for job in batch))
        for job in batch:
            job.wanted = wanted
        hypotheses: list[Hypothesis] | None = []
        try:
            hypotheses = self._engine.decode([job.item for job in batch], wanted)
        except Exception as error:
            log.error("decode failed", batch_size=len(batch), exc_info=error)
        if hypotheses is None:
            kind = "final" if batch[0].final else "interim"
            self._metrics.stt_abandoned.labels(kind).inc(len(batch))
            return False
        if not hypotheses:
            if len(batch) == 1:
                self._fail(batch[0], EngineFailed("the model failed on this utterance"))
            else:
                # Whose fault it is shows when each goes alone; the others get their result.
                for job in batch:
                    self._decode([job])
            return True
        self._observe(batch, hypotheses, began)
        for job, hypothesis in zip(batch, hypotheses, strict=True):
            if self._wants_retry(job, hypothesis):
                self._retry(job, hypothesis)
            else:
                wait_ms = (began - job.queued_at) * 1000
                self._finish(job, replace(hypothesis, queue_ms=wait_ms, retried=job.retried))
        return True

    def _wants_retry(self, job: Job, hypothesis: Hypothesis) -> bool:
        """Whether another window may do better: for finals, and where it is known to be wrong."""
        if not hypothesis.fault or job.item.full_window:
            return False
        if hypothesis.fault == "twice" and job.item.half_window:
            return False  # somebody said it twice
        return job.final or hypothesis.fault in {"language", "misled"}

    def _retry(self, job: Job, hypothesis: Hypothesis) -> None:
        self._metrics.stt_retries.labels(hypothesis.fault).inc()
        job.retried = hypothesis.fault
        short = job.item.seconds <= HALF_S and hypothesis.fault != "language"
        if job.item.before.tokens:
            job.item = replace(job.item.alone(), draft=())
        elif short and not job.item.half_window:
            job.item = replace(job.item, half_window=True, draft=())
        else:
            job.item = replace(job.item, full_window=True, draft=())
        with self._changed:
            if not job.future.done():
                self._queue.append(job)
                self._changed.notify()

    def _observe(self, batch: list[Job], hypotheses: list[Hypothesis], began: float) -> None:
        first = hypotheses[0]
        inference = self._metrics.inference
        inference.labels("stt", self._engine.name, "encode").observe(first.encode_ms / 1000)
        inference.labels("stt", self._engine.name, "decode").observe(first.decode_ms / 1000)
        self._metrics.batch_size.labels("stt").observe(len(batch))
        self._metrics.stt_context_frames.observe(first.context_frames)
        for job, hypothesis in zip(batch, hypotheses, strict=True):
            self._metrics.queue_wait.labels("stt").observe(began - job.queued_at)
            given = len(job.item.prefix) + hypothesis.kept_tokens
            self._metrics.stt_tokens.labels("kept").inc(hypothesis.kept_tokens)
            self._metrics.stt_tokens.labels("searched").inc(max(0, len(hypothesis.tokens) - given))

    def _finish(self, job: Job, hypothesis: Hypothesis) -> None:
        def finish() -> None:
            if not job.future.done():
                job.future.set_result(hypothesis)

        self._call(job, finish)

    def _fail(self, job: Job, error: Exception) -> None:
        def fail() -> None:
            if not job.future.done():
                job.future.set_exception(error)

        self._call(job, fail)

    def _call(self, job: Job, action: Callable[[], None]) -> None:
        try:
            job.loop.call_soon_threadsafe(action)
        except RuntimeError:
            log.warning("a result came after its loop was closed")
