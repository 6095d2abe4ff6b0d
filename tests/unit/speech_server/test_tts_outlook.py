"""How wide a window may be, by what everybody has left to hear."""

from typing import Any

import pytest

from speech_server.tts.outlook import AMPLE_S, Outlook, Pace
from speech_server.tts.windows import AMPLE_WIDTH, FIRST_WIDTHS, SHARED_WIDTH


def outlook(**fields: float | bool) -> Outlook:
    known: dict[str, Any] = {"lone": False, "least_left_s": 0.1, "left_s": 0.3}
    return Outlook(**{**known, "frame_s": 0.001, "keep": False, **fields})


def test_windows_are_as_wide_as_everybodys_sound_allows() -> None:
    first, second, third = FIRST_WIDTHS
    assert outlook(left_s=100.0).width(0) == first  # nothing is to be heard yet
    assert outlook(left_s=0.0).width(1) == second
    assert second < outlook(left_s=0.3).width(1) <= 100
    assert outlook(left_s=0.3, frame_s=0.0).width(1) == second
    assert outlook(left_s=-1.0).width(2) == third
    assert outlook(least_left_s=AMPLE_S).width(3) == AMPLE_WIDTH
    assert outlook(least_left_s=AMPLE_S - 0.1).width(3) == SHARED_WIDTH
    nobody = float("inf")
    assert outlook(least_left_s=nobody, left_s=9.0).width(1) == AMPLE_WIDTH
    assert outlook(least_left_s=nobody).width(9) == AMPLE_WIDTH


def test_the_pace_is_learned_apart_for_lone_steps() -> None:
    pace = Pace()
    assert pace.frame_s(lone=True) == 0.0
    pace.learn(1.0, 100, lone=True)
    pace.learn(0.5, 0, lone=True)
    assert pace.frame_s(lone=True) == pytest.approx(0.01)
    pace.learn(2.0, 100, lone=True)
    assert 0.01 < pace.frame_s(lone=True) < 0.02
    assert pace.frame_s(lone=False) == 0.0
