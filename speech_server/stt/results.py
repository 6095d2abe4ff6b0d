"""What a session tells its client, before it is put into messages."""

import enum
from dataclasses import dataclass

from speech_server.engines.base import Hypothesis, Word


class FinalizeReason(enum.Enum):
    """Why an utterance was finalised."""

    ENDPOINT = "endpoint"
    FORCED = "forced"
    MAX_DURATION = "max_duration"
    STREAM_END = "stream_end"


class FilteredReason(enum.Enum):
    """Why a hypothesis was held back as not speech."""

    NO_VOICE = "no_voice"
    LOW_CONFIDENCE = "low_confidence"
    LOOP = "loop"
    IMPOSSIBLE_TIMES = "impossible_times"


@dataclass(frozen=True)
class Result:
    """Text of one utterance at one moment; times in milliseconds of the stream's audio."""

    utterance_id: str
    revision: int
    text: str
    start_ms: int
    end_ms: int
    audio_ms: int
    hypothesis: Hypothesis
    stability: float = 0.0
    stable_chars: int = 0
    preflight: bool = False
    final: FinalizeReason | None = None
    filtered: FilteredReason | None = None
    end_of_turn: float | None = None
    speculative_hit: bool = False
    confidence: float = 0.0
    words: tuple[Word, ...] = ()
    """Times in milliseconds of the stream's audio."""


@dataclass(frozen=True)
class SpeechEvent:
    """Speech began (or ended) at a moment of the stream's audio."""

    utterance_id: str
    time_ms: int
    began: bool


@dataclass(frozen=True)
class Draining:
    """The server ends the stream after a while."""

    deadline_ms: int


Message = Result | SpeechEvent | Draining
