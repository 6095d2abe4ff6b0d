"""Where an utterance begins, pauses and ends, from the voice probability of 32 ms windows.

Pure: no clock but the audio's, no waiting, no models.
"""

from dataclasses import dataclass
from typing import Final

from speech_server.engines.silero import WINDOW_MS
from speech_server.settings import Settings


@dataclass(frozen=True)
class Endpointing:
    """When an utterance begins and ends; the fields of the contract, all set."""

    start_threshold: float
    stop_threshold: float
    min_speech_ms: int
    prefix_padding_ms: int
    preflight_silence_ms: int
    stop_silence_ms: int
    max_stop_silence_ms: int
    end_of_turn_threshold: float
    max_utterance_ms: int

    @classmethod
    def of(cls, settings: Settings) -> "Endpointing":
        """Give the server's defaults."""
        return cls(**{name: getattr(settings, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Began:
    """Speech began; ``start_ms`` is the begin of the first voiced window."""

    start_ms: int


@dataclass(frozen=True)
class Fading:
    """The voice has become weak: silence may be about to follow."""


@dataclass(frozen=True)
class Paused:
    """Silence has lasted for the preflight; ``end_ms`` is the end of the last voiced window."""

    end_ms: int


@dataclass(frozen=True)
class InDoubt:
    """Whether the turn is over is to be judged now, by the sound up to ``to_ms``."""

    to_ms: int


@dataclass(frozen=True)
class Ending:
    """The utterance will be over in `LEAD_MS` or less, unless speech goes on."""


@dataclass(frozen=True)
class Resumed:
    """Speech goes on after a pause that was told."""


@dataclass(frozen=True)
class Ended:
    """The utterance is over; ``end_ms`` is the end of its last voiced window."""

    end_ms: int


Event = Began | Fading | Paused | InDoubt | Ending | Resumed | Ended

_FORGIVEN_WINDOWS: Final = 2
"""Unvoiced windows that do not undo the voiced ones before an utterance has begun."""


LEAD_MS: Final = 384
"""Time in which a final can be decoded."""

BRIEF_MS: Final = 640
"""Voice of a word or two."""

BRIEF_PREFLIGHT_MS: Final = 128
"""Least silence before the preflight of a word or two: the sounds that end "stop" and "help" come
after a silence of their own, and there are no other words to guess them from (ADR 0009)."""

FADING: Final = 0.6
"""Voice probability below which a voice fades: most ends of speech are below it for a window or two
before they are below the stop threshold (ADR 0019)."""

FADE_MS: Final = 96
"""Longest time between that and the silence: a voice that is weak for longer may say a word."""

JUDGED_MS: Final = 128
"""Silence that the judgement of a pause hears: more tells no more (ADR 0022)."""

JUDGE_MS: Final = 256
"""Silence at which it is made: the preflight had the device until about then, and most pauses
inside speech are over."""

GROWTH: Final = 0.3
"""Power of what is missing of completeness with which the wait grows: below 1, so that only who
surely has finished is waited for little (ADR 0018, 0024, 0027)."""

STIRRING: Final = 0.05
"""Voice probability that silence seldom has, and most of the last 64 ms before speech."""

HELD_MS: Final = 128
"""Longest time for which such windows hold an end back, as they go on in noise."""


class Endpointer:
    """Follows one stream.

    A turn whose end-of-turn probability reaches the threshold waits for the shorter silence, one
    with none for the longer; in between the wait grows with `GROWTH`. Who is just about to go on is
    waited for (ADR 0016).

    Args:
        config: Thresholds and times; may be replaced between windows.
        patient: Wait for the longer silence until `judge` has told how complete the turn is.
    """

    def __init__(self, config: Endpointing, *, patient: bool) -> None:
        self.config = config
        self.clock_ms = 0
        self.speaking = False
        self.voiced_ms = 0
        self._least = 0.0 if patient else 1.0
        self._completeness = self._least
        self._start_ms: int | None = None
        self._unvoiced = 0
        self._silence_from_ms: int | None = None
        self._faded_ms: int | None = None
        self._told_pause = False
        self._told_doubt = False
        self._told_end = False

    @property
    def start_ms(self) -> int | None:
        """Begin of the speech that goes on or may be beginning."""
        return self._start_ms

    @property
    def end_ms(self) -> int:
        """End of the speech as far as it was heard."""
        return self.clock_ms if self._silence_from_ms is None else self._silence_from_ms

    @property
    def silent(self) -> bool:
        """Whether the speech is in a silence that may end it."""
        return self._silence_from_ms is not None

    @property
    def paused(self) -> bool:
        """Whether a pause was told and speech has not gone on since."""
        return self._told_pause

    @property
    def faded_ms(self) -> int | None:
        """Moment up to which the voice was heard when it began to fade into this silence.

        None when it went on meanwhile, was weak for long or ended at once.
        """
        if self._faded_ms is None or self.end_ms - self._faded_ms > FADE_MS:
            return None
        return self._faded_ms

    @property
    def _preflight_ms(self) -> int:
        usual_ms = self.config.preflight_silence_ms
        return usual_ms if self.voiced_ms >= BRIEF_MS else max(usual_ms, BRIEF_PREFLIGHT_MS)

    def push(self, probability: float) -> list[Event]:
        """Take the next window and tell what happened in it."""
        begin_ms = self.clock_ms
        self.clock_ms += WINDOW_MS
        if not self.speaking:
            return self._listen(probability, begin_ms)
        return self._follow(probability, begin_ms)

    def judge(self, end_of_turn: float | None) -> None:
        """Hear the end-of-turn probability of the pause that was told; the latest one counts.

        None changes nothing.
        """
        if end_of_turn is not None:
            threshold = self.config.end_of_turn_threshold
            self._completeness = min(1.0, end_of_turn / threshold) if threshold else 1.0

    def reset(self) -> None:
        """Forget what goes on; the next voiced window begins anew."""
        self.speaking = False
        self.voiced_ms = 0
        self._start_ms = None
        self._silence_from_ms = None
        self._faded_ms = None
        self._told_pause = False
        self._completeness = self._least

    def _listen(self, probability: float, begin_ms: int) -> list[Event]:
        if probability < self.config.start_threshold:
            self._unvoiced += 1
            if self._unvoiced > _FORGIVEN_WINDOWS:
                self.reset()
            return []
        self._unvoiced = 0
        if self._start_ms is None:
            self._start_ms = begin_ms
        self.voiced_ms += WINDOW_MS
        if self.voiced_ms < self.config.min_speech_ms:
            return []
        self.speaking = True
        return [Began(self._start_ms)]

    def _follow(self, probability: float, begin_ms: int) -> list[Event]:
        config = self.config
        if probability >= FADING:
            self._faded_ms = None
        if probability >= config.start_threshold:
            resumed = self._told_pause
            self.voiced_ms += WINDOW_MS
            self._silence_from_ms = None
            self._told_pause = False
            self._completeness = self._least
            if resumed:
                self._faded_ms = None
                return [Resumed()]
            return self._fade(probability)
        if self._silence_from_ms is None:
            if probability >= config.stop_threshold:
                return self._fade(probability)
            self._silence_from_ms = begin_ms
        silence_ms = self.clock_ms - self._silence_from_ms
        events: list[Event] = []
        longer_ms = max(0, config.max_stop_silence_ms - config.stop_silence_ms)
        wait_ms = config.stop_silence_ms + longer_ms * (1 - self._completeness) ** GROWTH
        if not self._told_pause:
            if silence_ms >= self._preflight_ms:
                self._told_pause = True
                self._told_doubt = False
                self._told_end = False
                events.append(Paused(self._silence_from_ms))
        elif not self._told_end and silence_ms >= wait_ms - LEAD_MS:
            self._told_end = True
            events.append(Ending())
        doubts = self._told_pause and not self._told_doubt and self._completeness < 1
        # In time for the shorter end, whatever that is.
        if doubts and silence_ms >= min(JUDGE_MS, config.stop_silence_ms - WINDOW_MS):
            self._told_doubt = True
            events.append(InDoubt(min(self._silence_from_ms + JUDGED_MS, self.clock_ms)))
        stirring = probability >= STIRRING and silence_ms < wait_ms + HELD_MS
        if silence_ms >= wait_ms and not stirring:
            events.append(Ended(self._silence_from_ms))
            self.reset()
        return events

    def _fade(self, probability: float) -> list[Event]:
        # Who wants a preflight of more silence than a window is not served by less.
        early = self._preflight_ms <= WINDOW_MS
        if probability >= FADING or self._faded_ms is not None or not early:
            return []
        self._faded_ms = self.clock_ms
        return [Fading()]
