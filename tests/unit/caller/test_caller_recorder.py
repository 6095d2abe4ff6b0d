from pathlib import Path

import numpy as np
import soundfile

from caller.recorder import Recorder, Samples

RATE = 16000
FRAME = RATE // 100


def full(value: int) -> Samples:
    return np.full(FRAME, value, np.int16)


def test_both_sides_share_one_clock(tmp_path: Path) -> None:
    recorder = Recorder(RATE)
    for k in range(100):
        recorder.add_sent(10 + k / 100, full(100))
    for k in range(50):
        recorder.add_received(10.5 + k / 100, full(200))
    recorder.write(tmp_path / "deep" / "call.wav")
    sound, rate = soundfile.read(tmp_path / "deep" / "call.wav", dtype="int16")
    assert (rate, sound.shape) == (RATE, (RATE, 2))
    assert (sound[:, 0] == 100).all()
    assert (sound[: RATE // 2, 1] == 0).all()
    assert (sound[RATE // 2 :, 1] == 200).all()


def test_jitter_leaves_no_holes_and_a_gap_stays_a_gap() -> None:
    recorder = Recorder(RATE)
    arrivals = [0.0, 0.013, 0.018, 0.031, 0.5, 0.51]
    for at in arrivals:
        recorder.add_received(1 + at, full(7))
    voice = recorder.stereo()[:, 1]
    assert (voice[: 4 * FRAME] == 7).all()
    assert (voice[4 * FRAME : RATE // 2] == 0).all()
    assert (voice[RATE // 2 : RATE // 2 + 2 * FRAME] == 7).all()


def test_a_burst_after_a_stall_keeps_every_sample() -> None:
    recorder = Recorder(RATE)
    for k in range(20):
        recorder.add_received(2.0, full(k + 1))
    voice = recorder.received_between(1.9, 2.1)
    assert sorted(set(voice.tolist()) - {0}) == list(range(1, 21))


def test_cutting_out_a_turn() -> None:
    recorder = Recorder(RATE)
    for k in range(100):
        recorder.add_received(5 + k / 100, full(k))
    assert set(recorder.received_between(5.2, 5.3).tolist()) <= set(range(19, 31))
    assert len(recorder.received_between(50, 60)) == 0


def test_the_limit_is_said_and_not_silent() -> None:
    recorder = Recorder(RATE, limit_s=0.5)
    for k in range(100):
        recorder.add_sent(k / 100, full(1))
    assert recorder.truncated
    assert len(recorder.sent) == 51


def test_an_empty_recording_can_be_written(tmp_path: Path) -> None:
    Recorder(RATE).write(tmp_path / "empty.wav")
    assert soundfile.info(tmp_path / "empty.wav").frames == 0
