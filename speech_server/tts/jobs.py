"""What a scheduler is given: segments on their way, and the contexts that they belong to."""

import time
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from speech_server.engines.piper import Floats, WholeVoice
from speech_server.tts.recordings import Recording
from speech_server.tts.utterance import Manner, Utterance


@dataclass(frozen=True)
class WholeText:
    """A segment for a voice that could not be cut: all at once."""

    voice: WholeVoice
    ids: Sequence[int]
    manner: Manner


@dataclass(frozen=True)
class Replay:
    """A segment that was said before."""

    recording: Recording


class Sink(Protocol):
    """Who takes what was made; called on the scheduler's thread, must not block."""

    def began(self, job: "Job", samples: int) -> None:
        """The segment will have so many samples."""

    def made(self, job: "Job", samples: Floats, *, last: bool) -> float:
        """Take the next samples; gives the seconds that they last, pauses included."""

    def failed(self, job: "Job", error: Exception) -> None:
        """The engine failed on this segment; the lane is closed."""


@dataclass(eq=False)
class Job:
    """A segment on its way, with its accounts."""

    work: Utterance | WholeText | Replay
    voice_name: str
    sink: Sink
    rate_hz: int
    keep: Hashable = None
    """Key under which the sound is kept for another time; None keeps nothing."""
    kept: list[Floats] = field(default_factory=list)
    submitted_s: float = field(default_factory=time.monotonic)
    begun_s: float | None = None
    windows: int = 0
    compute_s: float = 0.0
    audio_s: float = 0.0
    batch_size: int = 0

    @property
    def queue_s(self) -> float:
        """Wait before the device first worked on it."""
        return 0.0 if self.begun_s is None else self.begun_s - self.submitted_s


class Lane:
    """The segments of one context, in order. Its fields belong to the scheduler."""

    def __init__(self, max_lead_s: float | None) -> None:
        self.jobs: deque[Job] = deque()
        self.closed = False
        self.in_work = False
        """A thread computes for it; steps of one lane follow each other."""
        self.max_lead_s = max_lead_s
        self.unread_s = 0.0
        self.played_until: float | None = None
        """When all sound so far will have been heard, if playing began with the first of it."""
        self.wasted_s = 0.0
