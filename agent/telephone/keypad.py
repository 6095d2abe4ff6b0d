"""The keys that a caller presses, as words for the model.

Digits are gathered until the caller presses #, or pauses; the whole entry is one turn.
"""

import asyncio
from collections.abc import Callable

PAUSE_SECONDS = 2.0
LONGEST = 64
KEYS = frozenset("0123456789*#ABCD")


class Keypad:
    """Gathers keys.

    Args:
        on_entry: Takes an entry, such as "1234"; must return at once.
        on_key: Called at each key, for a caller who presses while the agent speaks.
        pause_s: Silence of the keys after which an entry is whole, in seconds.
    """

    def __init__(
        self,
        on_entry: Callable[[str], None],
        on_key: Callable[[], None] = lambda: None,
        *,
        pause_s: float = PAUSE_SECONDS,
    ) -> None:
        self._on_entry = on_entry
        self._on_key = on_key
        self._pause_s = pause_s
        self._keys = ""
        self._timer: asyncio.TimerHandle | None = None

    def press(self, key: str) -> None:
        """Take a key; what is none is passed over."""
        if key not in KEYS:
            return
        self._stop_timer()
        self._on_key()
        if key == "#":
            self.finish()
            return
        self._keys = (self._keys + key)[:LONGEST]
        self._timer = asyncio.get_running_loop().call_later(self._pause_s, self.finish)

    def finish(self) -> None:
        """Give what was gathered, if anything was."""
        self._stop_timer()
        keys, self._keys = self._keys, ""
        if keys:
            self._on_entry(keys)

    def close(self) -> None:
        """Drop what was gathered."""
        self._stop_timer()
        self._keys = ""

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def entry_text(keys: str) -> str:
    """An entry as the model and the transcript have it."""
    return f"(on the keypad) {keys}"
