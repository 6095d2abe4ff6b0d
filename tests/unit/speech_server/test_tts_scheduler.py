"""What synthesis computes next, with a tiny voice that waits for the test at every step."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech_server.engines.piper import PiperVoice, TextRow, load_voice
from speech_server.scheduling.device import Device
from speech_server.telemetry import Metrics
from speech_server.tts.jobs import Job, Lane, Replay
from speech_server.tts.noise import Noise
from speech_server.tts.outlook import Outlook
from speech_server.tts.recordings import Recording, Recordings
from speech_server.tts.scheduler import PATIENCE_S, Scheduler
from speech_server.tts.utterance import Manner, Utterance
from tests.support import tiny_voice

MANNER = Manner(1.0, 0.667, 0.8, 0)
POISON = 23
RATE = tiny_voice.RATE_HZ


class Gate:
    """Lets the voice compute one step at a time, and tells which texts each step was for."""

    def __init__(self, voice: PiperVoice) -> None:
        self.voice = voice
        self.steps: list[tuple[str, int]] = []
        self._allowed = threading.Semaphore(0)
        self._arrived = threading.Semaphore(0)
        self._encode, self._decode = voice.encode, voice.decode

    def encode(self, rows: list[TextRow]) -> object:
        self._wait("text", len(rows))
        if any(POISON in row.ids for row in rows):
            raise ValueError("poisoned")
        return self._encode(rows)

    def decode(self, frames: np.ndarray, speakers: list[int]) -> object:
        self._wait("window", len(speakers))
        return self._decode(frames, speakers)

    def _wait(self, kind: str, rows: int) -> None:
        self.steps.append((kind, rows))
        self._arrived.release()
        assert self._allowed.acquire(timeout=10)

    def arrive(self) -> tuple[str, int]:
        """Wait until the voice is asked for a step, which then waits."""
        assert self._arrived.acquire(timeout=10)
        return self.steps[-1]

    def allow(self, steps: int = 1) -> None:
        self._allowed.release(steps)


class Ear:
    """A sink that notes what came."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        self.samples = 0
        self.announced = 0
        self.error: Exception | None = None
        self.finished = threading.Event()

    def began(self, job: Job, samples: int) -> None:
        self.announced = samples
        self.log.append(f"{self.name} begins")

    def made(self, job: Job, samples: np.ndarray, *, last: bool) -> float:
        self.samples += len(samples)
        self.log.append(f"{self.name} sounds")
        if last:
            self.finished.set()
        return len(samples) / RATE

    def failed(self, job: Job, error: Exception) -> None:
        self.error = error
        self.finished.set()


class Rig:
    """A scheduler over a tiny voice."""

    def __init__(self, voice: PiperVoice, **options: float) -> None:
        self.voice = voice
        self.log: list[str] = []
        self.metrics = Metrics()
        self.recordings = Recordings(RATE * 100)
        self.device = Device()
        self.scheduler = Scheduler(
            self.metrics,
            threads=int(options.get("threads", 1)),
            text_batch=int(options.get("text_batch", 1)),
            window_batch=int(options.get("window_batch", 1)),
            max_unread_s=options.get("max_unread_s", 1e6),
            recordings=self.recordings,
            shared=self.device,
            yield_s=options.get("yield_s", 0.0),
        )
        self.scheduler.start()

    def lane(self, max_lead_s: float | None = None) -> Lane:
        return self.scheduler.open_lane(max_lead_s)

    def say(self, lane: Lane, name: str, ids: int | list[int] = 40) -> Ear:
        ear = Ear(name, self.log)
        if isinstance(ids, int):
            ids = [3 + n % 19 for n in range(ids)]
        work = Utterance(self.voice, ids, MANNER, Noise(len(name), 0))
        self.scheduler.submit(lane, Job(work, "tiny", ear, RATE))
        return ear


@pytest.fixture
def voice(tmp_path: Path) -> PiperVoice:
    loaded, _ = load_voice(tiny_voice.save(tiny_voice.build(), tmp_path), device="cpu", threads=1)
    assert isinstance(loaded, PiperVoice)
    return loaded


@pytest.fixture
def gate(voice: PiperVoice, monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(voice)
    monkeypatch.setattr(voice, "encode", gate.encode)
    monkeypatch.setattr(voice, "decode", gate.decode)
    return gate


def rig_for(voice: PiperVoice, **options: float) -> Iterator[Rig]:
    rig = Rig(voice, **options)
    yield rig
    rig.scheduler.close(10)


@pytest.fixture
def rig(voice: PiperVoice, gate: Gate) -> Iterator[Rig]:
    rig = Rig(voice)
    yield rig
    gate.allow(10_000)
    rig.scheduler.close(10)


def test_a_first_sound_comes_before_sound_that_can_wait(rig: Rig, gate: Gate) -> None:
    long, new = rig.lane(), rig.lane()
    rig.say(long, "long", 1500)
    gate.arrive()
    gate.allow()  # its text
    gate.arrive()
    gate.allow()  # its first window
    gate.arrive()  # its second one is being computed
    rig.scheduler.played(long, 60.0)
    newcomer = rig.say(new, "new", 60)
    gate.allow()
    for kind in ("text", "window"):
        assert gate.arrive()[0] == kind
        gate.allow()
    gate.arrive()
    assert rig.log[-2:] == ["new begins", "new sounds"]
    assert newcomer.announced > 0


def test_sound_that_runs_out_comes_before_a_first_sound(rig: Rig, gate: Gate) -> None:
    playing, new = rig.lane(), rig.lane()
    rig.say(playing, "playing", 1500)
    for _ in range(2):
        gate.arrive()
        gate.allow()
    gate.arrive()
    rig.say(new, "new", 60)
    rig.scheduler.played(playing, 0.01)
    gate.allow()
    gate.arrive()
    # The window under way was the playing one's; the next is again, for it still runs out.
    rig.scheduler.played(playing, 0.01)
    assert [entry for entry in rig.log if entry.startswith("new")] == []


def test_a_first_sound_that_has_waited_long_is_not_starved(rig: Rig, gate: Gate) -> None:
    """On a device that cannot keep up, sound that runs out does not come first for ever."""
    playing, new = rig.lane(), rig.lane()
    rig.say(playing, "playing", 1500)
    for _ in range(2):
        gate.arrive()
        gate.allow()
    gate.arrive()
    rig.say(new, "new", 60)
    time.sleep(PATIENCE_S + 0.2)
    rig.scheduler.played(playing, 0.01)
    gate.allow()
    assert gate.arrive()[0] == "text"


def test_nothing_of_a_closed_lane_is_delivered(rig: Rig, gate: Gate) -> None:
    lane, other = rig.lane(), rig.lane()
    ear = rig.say(lane, "gone", 200)
    gate.arrive()
    gate.allow()
    gate.arrive()
    rig.scheduler.close_lane(lane)
    gate.allow()
    rest = rig.say(other, "rest", 20)
    gate.allow(100)
    assert rest.finished.wait(10)
    assert ear.samples == 0
    assert not ear.finished.is_set()
    wasted = rig.metrics.registry.get_sample_value("tts_wasted_compute_seconds_total")
    assert wasted is not None and wasted > 0


def test_an_error_does_not_reach_the_neighbours(voice: PiperVoice, gate: Gate) -> None:
    gate.allow(10_000)
    for rig in rig_for(voice, text_batch=4, window_batch=4):
        lanes = [rig.lane() for _ in range(3)]
        bad = rig.say(lanes[0], "bad", [POISON] * 30)
        good = [rig.say(lanes[n], f"good{n}", 30 + n) for n in (1, 2)]
        for ear in (bad, *good):
            assert ear.finished.wait(10)
        assert isinstance(bad.error, ValueError)
        assert all(ear.error is None and ear.samples == ear.announced > 0 for ear in good)
        assert rig.scheduler.lanes == 2


def test_what_waits_is_computed_together(voice: PiperVoice, gate: Gate) -> None:
    for rig in rig_for(voice, text_batch=4, window_batch=4):
        first = rig.say(rig.lane(), "first", 40)
        gate.arrive()
        ears = [rig.say(rig.lane(), f"e{n}", 40 + n) for n in range(3)]
        gate.allow(10_000)
        for ear in (first, *ears):
            assert ear.finished.wait(10)
            assert ear.samples == ear.announced
        assert ("text", 3) in gate.steps
        assert any(kind == "window" and rows > 1 for kind, rows in gate.steps)


def test_steps_of_two_lanes_are_computed_at_once_and_of_one_in_turn(
    voice: PiperVoice, gate: Gate
) -> None:
    for rig in rig_for(voice, threads=2):
        lane = rig.lane()
        ears = [rig.say(lane, f"one{n}", 40) for n in range(2)]
        gate.arrive()
        time.sleep(0.1)
        assert len(gate.steps) == 1  # the other thread finds nothing to do
        ears.append(rig.say(rig.lane(), "other", 40))
        gate.arrive()
        assert len(gate.steps) == 2
        gate.allow(10_000)
        for ear in ears:
            assert ear.finished.wait(10)
            assert ear.samples == ear.announced
        firsts = [entry for entry in rig.log if entry.startswith("one") and "begins" in entry]
        assert firsts == ["one0 begins", "one1 begins"]


def test_a_client_that_does_not_read_stops_its_own_synthesis(voice: PiperVoice) -> None:
    for rig in rig_for(voice, max_unread_s=0.5):
        lane = rig.lane()
        slow = rig.say(lane, "slow", 4000)
        other = rig.say(rig.lane(), "other", 2)
        assert other.finished.wait(10)
        time.sleep(0.2)
        held = slow.samples
        assert not slow.finished.is_set()
        assert 0.5 <= held / RATE < 0.5 + 256 * tiny_voice.HOP / RATE + 0.1
        rig.scheduler.read(lane, held / RATE)
        deadline = time.monotonic() + 5
        while slow.samples == held and time.monotonic() < deadline:
            time.sleep(0.01)
        assert slow.samples > held


def test_synthesis_does_not_run_further_ahead_than_asked(voice: PiperVoice) -> None:
    for rig in rig_for(voice):
        lane = rig.lane(max_lead_s=0.4)
        ear = rig.say(lane, "led", 4000)
        time.sleep(0.5)
        made = ear.samples / RATE
        assert made < 0.4 + 0.5 + 256 * tiny_voice.HOP / RATE + 0.1
        rig.scheduler.played(lane, 0.0)
        time.sleep(0.2)
        assert ear.samples / RATE > made


def test_sound_that_can_wait_waits_while_recognition_computes(
    voice: PiperVoice, gate: Gate
) -> None:
    for rig in rig_for(voice, yield_s=1.0):
        long = rig.lane()
        ear = rig.say(long, "long", 1500)
        for _ in range(2):
            gate.arrive()
            gate.allow()
        gate.arrive()  # the second window is being computed
        with rig.device.recognising():
            rig.scheduler.played(long, 60.0)
            gate.allow()
            other = rig.say(rig.lane(), "other", 2)
            for kind in ("text", "window"):
                assert gate.arrive()[0] == kind
                gate.allow()
            assert other.finished.wait(10)  # a first sound does not wait
            steps = len(gate.steps)
            time.sleep(0.1)
            assert len(gate.steps) == steps
            rig.scheduler.played(long, 0.5)  # nor does sound that runs out
            gate.arrive()
            rig.scheduler.played(long, 60.0)
            gate.allow()
            time.sleep(0.05)
            assert len(gate.steps) == steps + 1
        gate.arrive()  # recognition has ended
        gate.allow(10_000)
        assert ear.finished.wait(10)


def test_a_recording_is_replayed_at_once(rig: Rig, gate: Gate) -> None:
    rig.say(rig.lane(), "busy", 1500)
    for _ in range(2):
        gate.arrive()
        gate.allow()
    gate.arrive()
    ear = Ear("again", rig.log)
    recording = Recording(np.ones(800, np.float32), np.array([50, 50]))
    lane = rig.lane()
    rig.scheduler.submit(lane, Job(Replay(recording), "tiny", ear, RATE))
    gate.allow()
    assert ear.finished.wait(10)
    assert (ear.announced, ear.samples) == (800, 800)


def test_finished_segments_are_kept_and_forgotten(voice: PiperVoice) -> None:
    for rig in rig_for(voice):
        ear = Ear("kept", rig.log)
        work = Utterance(voice, [5] * 40, MANNER, Noise(1, 0))
        rig.scheduler.submit(rig.lane(), Job(work, "tiny", ear, RATE, keep="key"))
        assert ear.finished.wait(10)
        found = rig.recordings.get("key")
        assert found is not None
        assert len(found.samples) == ear.samples
        assert found.id_frames.sum() * tiny_voice.HOP == ear.samples
    small = Recordings(800)
    for number in range(20):
        small.put(number, Recording(np.zeros(100, np.float32), np.zeros(1, np.int64)))
    assert [number for number in range(20) if small.get(number)] == list(range(12, 20))
    small.put("long", Recording(np.zeros(101, np.float32), np.zeros(1, np.int64)))
    assert small.get("long") is None


def test_a_lane_that_is_far_ahead_takes_no_core_from_the_other(
    voice: PiperVoice, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Outlook] = []
    look_out = Scheduler._look_out

    def note(self: Scheduler, *args: Any) -> Outlook:
        seen.append(look_out(self, *args))
        return seen[-1]

    monkeypatch.setattr(Scheduler, "_look_out", note)
    for rig in rig_for(voice, threads=2):
        ahead, other = rig.lane(max_lead_s=1.0), rig.lane()
        rig.say(ahead, "ahead", 1500)
        for _ in range(2):
            gate.arrive()
            gate.allow()
        gate.arrive()
        rig.scheduler.played(ahead, 60.0)
        gate.allow()
        deadline = time.monotonic() + 10
        while any(lane.in_work for lane in (ahead, other)) and time.monotonic() < deadline:
            time.sleep(0.005)
        ear = rig.say(other, "other", 40)
        gate.allow(10_000)
        assert ear.finished.wait(10)
        assert len(seen) > 4
        assert all(one.lone for one in seen)
