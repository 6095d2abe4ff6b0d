"""What recognition and synthesis know of each other when they compute on the same cores or GPU.

Each has a queue and threads of its own; the operating system shares the device between
the two. What it cannot know is that a caller waits for a final while the sound of an answer is
ready for seconds: recognition says when it computes, and synthesis that can wait does.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Device:
    """One device that several schedulers use. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._computing = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def recognises(self) -> bool:
        """Whether recognition computes now."""
        return self._computing > 0

    @contextmanager
    def recognising(self) -> Iterator[None]:
        """Say that recognition computes, for as long as the context is open."""
        with self._lock:
            self._computing += 1
        try:
            yield
        finally:
            with self._lock:
                self._computing -= 1
                free = not self._computing
            if free:
                for listener in self._listeners:
                    listener()

    def when_free(self, listener: Callable[[], None]) -> None:
        """Call a function, from any thread, whenever recognition has ended computing."""
        self._listeners.append(listener)
