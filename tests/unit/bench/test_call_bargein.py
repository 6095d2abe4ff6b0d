import numpy as np
import pytest

from bench.calls.bargein import gaps
from caller.recorder import TimedFrame


def sound(begin_s: float, seconds: float, level: int = 8000) -> list[TimedFrame]:
    samples = np.full(480, level, np.int16)
    return [TimedFrame(begin_s + n * 0.01, samples) for n in range(round(seconds * 100))]


def test_pauses_that_are_longer_than_between_sentences_are_found() -> None:
    frames = [*sound(10.0, 1.0), *sound(11.0, 0.3, 2), *sound(11.3, 1.0), *sound(12.3, 3.0, 2)]
    [(begin_s, end_s)] = gaps(frames, 15.3)
    assert begin_s == pytest.approx(12.3, abs=0.011)
    assert end_s == pytest.approx(15.3)


def test_a_pause_ends_where_the_agent_goes_on() -> None:
    frames = [*sound(10.0, 1.0), *sound(11.8, 1.0)]
    [(begin_s, end_s)] = gaps(frames, 12.9)
    assert (begin_s, end_s) == (pytest.approx(11.0, abs=0.011), pytest.approx(11.8))


def test_who_was_not_heard_has_no_pause() -> None:
    assert gaps(sound(1.0, 1.0, 2), 2.0) == []
