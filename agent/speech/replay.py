"""The audio that no final result covers yet, kept to be sent to another server.

Times are seconds from the first frame that a recognition stream of the framework was given, which
outlives the gRPC streams that carry it.
"""

from collections import deque
from collections.abc import Iterator


class ReplayBuffer:
    """The latest audio of a stream, bounded in seconds; the oldest falls out.

    Args:
        limit_s: Longest audio that is kept, in seconds.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._frames: deque[tuple[float, bytes]] = deque()
        self._begin_s = 0.0
        self._end_s = 0.0

    @property
    def begin_s(self) -> float:
        """Time of the first sample that is kept."""
        return self._begin_s

    @property
    def end_s(self) -> float:
        """Time after the last sample that came."""
        return self._end_s

    def append(self, samples: bytes, duration_s: float) -> None:
        """Add the next frame."""
        self._frames.append((duration_s, samples))
        self._end_s += duration_s
        self.forget_until(self._end_s - self._limit_s)

    def forget_until(self, time_s: float) -> None:
        """Drop the frames that end at or before a time."""
        while self._frames and self._begin_s + self._frames[0][0] <= time_s + 1e-6:
            self._begin_s += self._frames.popleft()[0]

    def __iter__(self) -> Iterator[bytes]:
        return iter([samples for _, samples in self._frames])
