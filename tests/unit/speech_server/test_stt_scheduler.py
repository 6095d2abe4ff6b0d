import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from speech_server.engines.base import DecodeItem, DecodeOptions, Wanted
from speech_server.errors import EngineFailed
from speech_server.scheduling.scheduler import Priority, Scheduler
from speech_server.telemetry import Metrics
from tests.support.stt_rig import FakeEngine

FINAL, FIRST, LATER = Priority.FINAL, Priority.FIRST_INTERIM, Priority.INTERIM


def item(frames: int = 100, **fields: object) -> DecodeItem:
    return DecodeItem(np.zeros((80, frames), np.float32), **fields)


@pytest.fixture
async def busy():
    """A scheduler whose engine is held in its first job until the gate opens."""
    engine = FakeEngine()
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=Metrics())
    engine.gate.clear()
    held = scheduler.submit(item(1), FINAL, "held")
    await asyncio.to_thread(engine.entered.wait, 5)
    yield scheduler, engine
    engine.gate.set()
    await held
    await asyncio.to_thread(scheduler.close)


def heard(engine: FakeEngine) -> list[list[int]]:
    return [[i.features.shape[1] for i in batch] for batch in engine.batches[1:]]


async def test_an_idle_model_is_used_at_once():
    engine = FakeEngine()
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=Metrics())
    hypothesis = await asyncio.wait_for(scheduler.submit(item(7), FINAL, 1), 5)
    assert hypothesis.text == "7 frames"
    assert hypothesis.queue_ms < 1000
    await asyncio.to_thread(scheduler.close)


async def test_finals_go_before_interims_that_came_first(busy):
    scheduler, engine = busy
    later = scheduler.submit(item(30), LATER, "a")
    first = scheduler.submit(item(20), FIRST, "b")
    final = scheduler.submit(item(10), FINAL, "c")
    engine.gate.set()
    await asyncio.gather(later, first, final)
    # Interims of both kinds share a batch, finals never wait in one with them.
    assert heard(engine) == [[10], [20, 30]]


async def test_newest_audio_replaces_a_waiting_interim_and_keeps_its_place(busy):
    scheduler, engine = busy
    old = scheduler.submit(item(10), LATER, "a")
    others = [scheduler.submit(item(20 + n), LATER, n) for n in range(2)]
    new = scheduler.submit(item(11), LATER, "a")
    assert scheduler.depth == 3
    with pytest.raises(asyncio.CancelledError):
        await old
    engine.gate.set()
    await asyncio.gather(new, *others)
    assert heard(engine) == [[11, 20], [21]]


async def test_a_final_is_never_replaced(busy):
    scheduler, engine = busy
    finals = [scheduler.submit(item(n), FINAL, "a") for n in (10, 11)]
    scheduler.submit(item(12), LATER, "a")
    assert scheduler.depth == 3
    engine.gate.set()
    done = await asyncio.gather(*finals)
    assert [h.text for h in done] == ["10 frames", "11 frames"]


async def test_a_batch_takes_what_gathered_up_to_its_limit_and_of_one_kind(busy):
    scheduler, engine = busy
    jobs = [scheduler.submit(item(10 + n), FINAL, n) for n in range(5)]
    long = scheduler.submit(item(600), FINAL, "long")
    other = scheduler.submit(item(15, options=DecodeOptions(task="translate")), FINAL, "other")
    engine.gate.set()
    await asyncio.gather(*jobs, long, other)
    assert heard(engine) == [[10, 11, 12, 13], [14], [600], [15]]


async def test_cancelled_work_leaves_the_queue(busy):
    scheduler, engine = busy
    gone = scheduler.submit(item(10), FINAL, "a")
    kept = scheduler.submit(item(11), FINAL, "b")
    gone.cancel()
    await asyncio.sleep(0)
    assert scheduler.depth == 1
    engine.gate.set()
    await kept
    assert heard(engine) == [[11]]


class Watchful(FakeEngine):
    """Decodes until the gate opens or nobody waits any more."""

    def decode(self, items, wanted):
        self.batches.append(list(items))
        self.entered.set()
        while not self.gate.wait(0.001):
            if not wanted():
                return None
        return [self.answer(item) for item in items]


async def test_decoding_ends_when_nobody_waits_for_any_of_the_batch():
    engine = Watchful()
    metrics = Metrics()
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=metrics)
    engine.gate.clear()
    first = scheduler.submit(item(1), LATER, "first")
    await asyncio.to_thread(engine.entered.wait, 5)
    mates = [scheduler.submit(item(10 + n), FINAL, n) for n in range(2)]
    engine.entered.clear()
    first.cancel()
    # The finals have the model, though nothing opened the gate.
    await asyncio.to_thread(engine.entered.wait, 5)
    assert heard(engine) == [[10, 11]]
    mates[0].cancel()
    await asyncio.sleep(0.05)
    engine.gate.set()
    assert (await mates[1]).text == "11 frames"
    await asyncio.to_thread(scheduler.close)
    assert metrics.stt_abandoned.labels("interim")._value.get() == 1
    assert metrics.stt_abandoned.labels("final")._value.get() == 0


class Stoppable(FakeEngine):
    """Computes something that does not ask, and can be stopped."""

    def decode(self, items, wanted):
        self.batches.append(list(items))
        stopped = threading.Event()
        with wanted.stopping(stopped.set):
            self.entered.set()
            ended = stopped.wait(5)
        return None if ended else [self.answer(item) for item in items]


async def test_what_runs_is_stopped_when_nobody_waits_for_any_of_the_batch():
    engine = Stoppable()
    metrics = Metrics()
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=metrics)
    only = scheduler.submit(item(1), LATER, "a")
    await asyncio.to_thread(engine.entered.wait, 5)
    only.cancel()
    await asyncio.sleep(0)
    await asyncio.to_thread(scheduler.close)
    assert metrics.stt_abandoned.labels("interim")._value.get() == 1


def test_what_nobody_waits_for_any_more_is_stopped_at_once():
    waits = True
    stops = []
    wanted = Wanted(lambda: waits)
    with wanted.stopping(lambda: stops.append(1)):
        wanted.look()
        assert not stops
        waits = False
        wanted.look()
        assert stops == [1]
    wanted.look()
    assert stops == [1]
    with wanted.stopping(lambda: stops.append(2)):
        assert stops == [1, 2]


async def test_one_failure_does_not_reach_its_batch_mates(busy):
    scheduler, engine = busy

    def answer(one: DecodeItem):
        if one.features.shape[1] == 11:
            raise ValueError("boom")
        return FakeEngine._frames(one)

    engine.answer = answer
    jobs = [scheduler.submit(item(10 + n), FINAL, n) for n in range(3)]
    engine.gate.set()
    good, bad, fine = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(bad, EngineFailed)
    assert (good.text, fine.text) == ("10 frames", "12 frames")


@pytest.mark.parametrize(("mends", "tries"), [("half_window", 1), ("full_window", 2)])
async def test_a_fault_of_one_is_retried_alone_over_longer_windows(busy, mends, tries):
    scheduler, engine = busy

    def answer(one: DecodeItem):
        fault = "loop" if one.features.shape[1] == 11 and not getattr(one, mends) else ""
        return replace(FakeEngine._frames(one), fault=fault)

    engine.answer = answer
    jobs = [scheduler.submit(item(10 + n, draft=(n,)), FINAL, n) for n in range(3)]
    engine.gate.set()
    done = await asyncio.gather(*jobs)
    assert [h.retried for h in done] == ["", "loop", ""]
    assert heard(engine) == [[10, 11, 12], *[[11]] * tries]
    # What led into the loop may have been the draft.
    drafts = [[one.draft for one in batch] for batch in engine.batches[1:]]
    assert drafts == [[(0,), (1,), (2,)], *[[()]] * tries]


async def test_long_speech_is_retried_over_the_full_window_at_once(busy):
    scheduler, engine = busy
    engine.answer = lambda one: replace(
        FakeEngine._frames(one),
        fault="loop" if one.features.shape[1] == 1300 and not one.full_window else "",
    )
    job = scheduler.submit(item(1300), FINAL, "a")
    engine.gate.set()
    assert (await job).retried == "loop"
    assert heard(engine) == [[1300], [1300]]


@pytest.mark.parametrize("frames", [10, 1300])
async def test_a_phrase_that_stays_said_twice_was_said_twice(busy, frames):
    scheduler, engine = busy
    engine.answer = lambda one: replace(
        FakeEngine._frames(one), fault="twice" if one.features.shape[1] == frames else ""
    )
    job = scheduler.submit(item(frames, draft=(1,)), FINAL, "a")
    engine.gate.set()
    done = await job
    assert (done.retried, done.text) == ("twice", f"{frames} frames")
    assert [(i.half_window, i.draft) for batch in engine.batches[1:] for i in batch] == [
        (False, (1,)),
        (frames == 10, ()),
    ]


async def test_an_interim_is_not_retried_but_for_its_language(busy):
    scheduler, engine = busy
    engine.answer = lambda one: replace(
        FakeEngine._frames(one), fault="" if one.full_window else one.language
    )
    loop = scheduler.submit(item(10, language="loop"), LATER, "a")
    language = scheduler.submit(item(11, language="language"), LATER, "b")
    engine.gate.set()
    assert (await loop).fault == "loop"
    assert (await language).retried == "language"


async def test_a_noisy_neighbour_does_not_starve_others(busy):
    scheduler, engine = busy
    noisy = [scheduler.submit(item(10), FINAL, "noisy") for _ in range(12)]
    quiet = scheduler.submit(item(600), FINAL, "quiet")
    engine.gate.set()
    await quiet
    # One batch was ahead of it: its first goes before any second of the others.
    assert [600] in heard(engine)[:2]
    await asyncio.gather(*noisy)


async def test_streams_with_backlogs_take_turns(busy):
    scheduler, engine = busy
    # Lengths of buckets of their own, so that nothing shares a batch.
    jobs = [
        scheduler.submit(item(500 * n + 10), FINAL, stream)
        for n, stream in enumerate("aaabbc", start=1)
    ]
    engine.gate.set()
    await asyncio.gather(*jobs)
    assert [batch[0] // 500 for batch in heard(engine)] == [1, 4, 6, 2, 5, 3]


async def test_is_behind_when_finals_wait(busy):
    scheduler, _ = busy
    assert not scheduler.is_behind()
    scheduler.submit(item(10), LATER, "a")
    job = scheduler.submit(item(10), FINAL, "b")
    assert not scheduler.is_behind()
    next(j for j in scheduler._queue if j.future is job).queued_at -= 5
    assert scheduler.is_behind()


async def test_close_fails_what_waits():
    engine = FakeEngine()
    scheduler = Scheduler(engine, max_batch=4, max_interim_batch=2, metrics=Metrics())
    engine.gate.clear()
    held = scheduler.submit(item(1), FINAL, "held")
    await asyncio.to_thread(engine.entered.wait, 5)
    waiting = scheduler.submit(item(2), FINAL, "b")
    closing = asyncio.create_task(asyncio.to_thread(scheduler.close))
    await asyncio.sleep(0.05)
    engine.gate.set()
    await closing
    assert (await held).text == "1 frames"
    with pytest.raises(EngineFailed):
        await waiting
    with pytest.raises(EngineFailed):
        scheduler.submit(item(3), FINAL, "c")


async def test_a_final_finds_a_lane_while_interims_are_decoded():
    engine = FakeEngine()
    scheduler = Scheduler(engine, lanes=2, max_batch=4, max_interim_batch=1, metrics=Metrics())
    engine.gate.clear()
    running = scheduler.submit(item(10), LATER, "a")
    await _until(lambda: len(engine.batches) == 1)
    waiting = scheduler.submit(item(20), FIRST, "b")
    final = scheduler.submit(item(30), FINAL, "c")
    await _until(lambda: len(engine.batches) == 2)
    assert [batch[0].features.shape[1] for batch in engine.batches] == [10, 30]
    assert scheduler.waits(waiting), "interims leave a lane free"
    engine.gate.set()
    await asyncio.gather(running, waiting, final)
    await asyncio.to_thread(scheduler.close)


async def test_finals_use_every_lane():
    engine = FakeEngine()
    scheduler = Scheduler(engine, lanes=2, max_batch=1, max_interim_batch=1, metrics=Metrics())
    engine.gate.clear()
    finals = [scheduler.submit(item(10 + n), FINAL, n) for n in range(3)]
    await _until(lambda: len(engine.batches) == 2)
    assert scheduler.depth == 1
    engine.gate.set()
    await asyncio.gather(*finals)
    await asyncio.to_thread(scheduler.close)


class WholeDevice(FakeEngine):
    """Takes all cores, and notes which batches began beside one of finals."""

    takes_all_cores = True

    def __init__(self) -> None:
        super().__init__(delay_s=0.02)
        self.finals = 0
        self.beside: list[str] = []

    def decode(self, items, wanted):
        kind = "interim" if items[0].interim else "final"
        if self.finals:
            self.beside.append(kind)
        final = kind == "final"
        self.finals += final
        hypotheses = super().decode(items, wanted)
        self.finals -= final
        return hypotheses


async def test_nothing_begins_beside_finals_that_take_all_cores():
    engine = WholeDevice()
    scheduler = Scheduler(engine, lanes=2, max_batch=1, max_interim_batch=1, metrics=Metrics())
    finals = [scheduler.submit(item(10 + n), FINAL, n) for n in range(4)]
    interims = [scheduler.submit(item(20 + n, interim=True), LATER, 9 + n) for n in range(4)]
    await asyncio.wait_for(asyncio.gather(*finals, *interims), 10)
    assert engine.beside == []
    assert len(engine.batches) == 8
    await asyncio.to_thread(scheduler.close)


async def test_a_final_that_takes_all_cores_overtakes_an_interim_all_the_same():
    engine = FakeEngine()
    engine.takes_all_cores = True
    scheduler = Scheduler(engine, lanes=2, max_batch=4, max_interim_batch=1, metrics=Metrics())
    engine.gate.clear()
    running = scheduler.submit(item(10, interim=True), LATER, "a")
    await _until(lambda: len(engine.batches) == 1)
    final = scheduler.submit(item(30), FINAL, "b")
    await _until(lambda: len(engine.batches) == 2)
    engine.gate.set()
    await asyncio.gather(running, final)
    await asyncio.to_thread(scheduler.close)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the engine's threads have no event for it
            await asyncio.sleep(0.005)
