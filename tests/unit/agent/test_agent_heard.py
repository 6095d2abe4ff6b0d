"""The words of an interrupted reply, by their own times."""

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.voice.transcription.synchronizer import _SegmentSynchronizerImpl

from agent.heard import SpokenWords


def sound(seconds: float, *words: tuple[str, float, float]) -> rtc.AudioFrame:
    samples = round(seconds * 8000)
    frame = rtc.AudioFrame(bytes(2 * samples), 8000, 1, samples)
    frame.userdata[USERDATA_TIMED_TRANSCRIPT] = [
        TimedString(text, start_time=begin, end_time=end) for text, begin, end in words
    ]
    return frame


def test_a_word_counts_from_its_middle_on() -> None:
    spoken = SpokenWords()
    spoken.add(sound(0.5, ("One ", 0.0, 0.2), ("two ", 0.2, 0.5)))
    spoken.add(sound(0.5, ("three.", 0.6, 1.0)))
    assert spoken.until(0.05) == ""
    assert spoken.until(0.34) == "One "
    assert spoken.until(0.36) == "One two "
    assert spoken.until(1.0) == "One two three."


def test_a_second_synthesis_begins_where_the_first_ended() -> None:
    spoken = SpokenWords()
    spoken.add(sound(1.0, ("Wait. ", 0.1, 0.9)))
    spoken.add(sound(1.0, ("Here ", 0.0, 0.4), ("it is.", 0.4, 0.9)))
    assert spoken.until(1.1) == "Wait. "
    assert spoken.until(1.3) == "Wait. Here "


def test_words_without_times_are_not_judged() -> None:
    assert SpokenWords().until(1.0) is None


def test_what_is_replaced_is_there() -> None:
    for name in ("push_audio", "mark_playback_finished", "synchronized_transcript"):
        assert hasattr(_SegmentSynchronizerImpl, name)
