"""Both sides of a call on one clock."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

__all__ = ["Recorder", "Samples", "TimedFrame"]

Samples = npt.NDArray[np.int16]

# A frame that comes this late is a gap in the sound and not jitter of its arrival.
_GAP_S = 0.06


@dataclass(frozen=True)
class TimedFrame:
    """Mono samples and the moment of the first of them.

    Of the microphone it is the moment at which the sample was captured (the absolute schedule);
    of the agent the moment of arrival, from which on it could be heard.
    """

    time_s: float
    samples: Samples


@dataclass
class Recorder:
    """Keeps what was sent and what came back, each frame with its time on `time.monotonic`.

    Frames are added by the event loop's thread alone. After `limit_s` of a side its frames are
    dropped and `truncated` says so.
    """

    rate_hz: int
    limit_s: float = 1800.0
    sent: list[TimedFrame] = field(default_factory=list)
    received: list[TimedFrame] = field(default_factory=list)
    truncated: bool = False

    def add_sent(self, time_s: float, samples: Samples) -> None:
        """Adds a frame of the microphone."""
        self._add(self.sent, time_s, samples)

    def add_received(self, time_s: float, samples: Samples) -> None:
        """Adds a frame of the agent's voice."""
        self._add(self.received, time_s, samples)

    def _add(self, side: list[TimedFrame], time_s: float, samples: Samples) -> None:
        if side and time_s - side[0].time_s > self.limit_s:
            self.truncated = True
            return
        side.append(TimedFrame(time_s, samples))

    def sent_between(self, since_s: float, until_s: float) -> list[TimedFrame]:
        """Frames that were sent in a stretch of time, and one that began just before it."""
        return [f for f in self.sent if since_s - 0.01 <= f.time_s < until_s]

    def received_between(self, since_s: float, until_s: float) -> Samples:
        """The agent's voice in that time as one stretch of samples."""
        frames = [f for f in self.received if since_s <= f.time_s < until_s]
        return self._lay_out(frames, since_s) if frames else np.zeros(0, np.int16)

    def stereo(self) -> Samples:
        """Caller (left) and agent (right) from the first frame of either; shape (samples, 2)."""
        starts = [side[0].time_s for side in (self.sent, self.received) if side]
        if not starts:
            return np.zeros((0, 2), np.int16)
        sides = [self._lay_out(side, min(starts)) for side in (self.sent, self.received)]
        both = np.zeros((max(map(len, sides)), 2), np.int16)
        for channel, side in enumerate(sides):
            both[: len(side), channel] = side
        return both

    def write(self, path: Path) -> None:
        """Writes the stereo WAV."""
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, self.stereo(), self.rate_hz, subtype="PCM_16", format="WAV")

    def _lay_out(self, frames: list[TimedFrame], origin_s: float) -> Samples:
        placed: list[tuple[int, Samples]] = []
        cursor = 0
        for frame in frames:
            at = round((frame.time_s - origin_s) * self.rate_hz)
            if at - cursor > _GAP_S * self.rate_hz or not placed:
                cursor = max(at, cursor)
            placed.append((cursor, frame.samples))
            cursor += len(frame.samples)
        out = np.zeros(cursor, np.int16)
        for at, samples in placed:
            out[at : at + len(samples)] = samples
        return out
