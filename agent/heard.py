"""Which words of an interrupted reply were heard, by the times of the words themselves.

livekit-agents 1.8.9 paces the text beside the sound by an estimate of the speed of speech, and
takes what it has paced for what was heard: three words too many or too few are usual. The speech
server tells when each word begins and ends, and the sound card how much was played. This replaces
three private methods of the framework; a test tells when they are gone.
"""

from weakref import WeakKeyDictionary

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice.transcription.synchronizer import _SegmentSynchronizerImpl

_Impl = _SegmentSynchronizerImpl
_push_audio = _Impl.push_audio
_mark_finished = _Impl.mark_playback_finished
_paced = _Impl.synchronized_transcript


class SpokenWords:
    """The words of one stretch of speech, with the times at which they are heard."""

    def __init__(self) -> None:
        self._words: list[tuple[str, float]] = []
        self._pushed_s = 0.0
        self._offset_s = 0.0
        self._last_s = 0.0
        self.heard_s: float | None = None

    def add(self, frame: rtc.AudioFrame) -> None:
        """Take the next sound, and the words that came with it."""
        for word in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ()):
            if not isinstance(word, TimedString) or not is_given(word.start_time):
                continue
            if word.start_time < self._last_s:  # another synthesis, whose times begin anew
                self._offset_s = self._pushed_s
            self._last_s = word.start_time
            end_s = word.end_time if is_given(word.end_time) else word.start_time
            middle_s = self._offset_s + (word.start_time + end_s) / 2
            self._words.append((str(word), middle_s))
        self._pushed_s += frame.duration

    def until(self, time_s: float) -> str | None:
        """Give the words that were heard by a time of the sound; None where none has a time."""
        if not self._words:
            return None
        return "".join(word for word, middle_s in self._words if middle_s <= time_s)


_spoken: WeakKeyDictionary[_Impl, SpokenWords] = WeakKeyDictionary()


def install() -> None:
    """Let the sessions of this process know the words that were heard."""
    _Impl.push_audio = push_audio  # type: ignore[method-assign]
    _Impl.mark_playback_finished = mark_playback_finished  # type: ignore[method-assign]
    _Impl.synchronized_transcript = property(synchronized_transcript)  # type: ignore[assignment,method-assign]


def push_audio(self: _Impl, frame: rtc.AudioFrame) -> None:
    """In place of the framework's; keeps the words of the frame."""
    _spoken.setdefault(self, SpokenWords()).add(frame)
    _push_audio(self, frame)


def mark_playback_finished(self: _Impl, *, playback_position: float, interrupted: bool) -> None:
    """In place of the framework's; keeps how much was played of an interrupted stretch."""
    if interrupted and (words := _spoken.get(self)) is not None:
        words.heard_s = playback_position
    _mark_finished(self, playback_position=playback_position, interrupted=interrupted)


def synchronized_transcript(self: _Impl) -> str:
    """In place of the framework's; exact where the words have times."""
    words = _spoken.get(self)
    if words is not None and words.heard_s is not None:
        exact = words.until(words.heard_s)
        if exact is not None:
            return exact
    paced: str = _paced.fget(self)  # type: ignore[attr-defined]
    return paced
