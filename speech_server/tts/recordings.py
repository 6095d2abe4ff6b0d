"""Sound that was made before: greetings and prompts that are said again and again."""

import mmap
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from speech_server.engines.piper import Floats


@dataclass(frozen=True)
class Recording:
    """A segment as a voice said it: its samples, and the frames of each id."""

    samples: Floats
    id_frames: npt.NDArray[np.int64]


class Recordings:
    """The segments that were said last, up to a number of samples in all.

    Kept by what was to be said and how, without its noise: a client that sets no seed gets the
    same sound again, one that does has the seed in its key. Safe to use from several threads.
    """

    def __init__(self, max_samples: int) -> None:
        self._max_samples = max_samples
        self._known: OrderedDict[Hashable, Recording] = OrderedDict()
        self._samples = 0
        self._lock = threading.Lock()

    @property
    def longest(self) -> int:
        """Samples of the longest segment that is kept."""
        return self._max_samples // 8

    def get(self, key: Hashable) -> Recording | None:
        """Give what was said for a key."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: Hashable, recording: Recording) -> None:
        """Keep what was said, and forget what was used longest ago."""
        if len(recording.samples) > self.longest:
            return
        with self._lock:
            if key in self._known:
                return
            self._known[key] = replace(recording, samples=_apart(recording.samples))
            self._samples += len(recording.samples)
            while self._samples > self._max_samples:
                _, oldest = self._known.popitem(last=False)
                self._samples -= len(oldest.samples)


def _apart(samples: Floats) -> Floats:
    """Copy samples to pages of their own.

    In the C library's heap each would keep the pages at its ends from going back to the system
    for as long as it is kept, a different one wherever a longer or shorter one took its place.
    """
    if not len(samples):
        return samples
    pages = np.frombuffer(mmap.mmap(-1, samples.nbytes), samples.dtype)
    pages[:] = samples
    return pages
