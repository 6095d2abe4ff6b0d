"""Whether the caller had only paused when the agent began to answer."""

from typing import Final

CUT_OFF_S: Final = 0.8
"""Who speaks so soon after a reply's first sound has not listened to it and objected, which takes a
second or more, but was going on."""


class CutOffWatch:
    """Follows the replies of one call; times are Unix seconds."""

    def __init__(self) -> None:
        self._due = False
        self._began_s: float | None = None
        self.suspected = False

    def turn_ended(self) -> bool:
        """Take that the caller's turn is over, so that the agent's next words answer it.

        Returns:
            Whether a reply had cut it off of which nothing was heard: that one never ends.
        """
        was = self.suspected
        self._due, self._began_s, self.suspected = True, None, False
        return was

    def agent_speaks(self, at_s: float) -> None:
        """Take that the agent's voice is heard, or goes on, as what paused it was no words."""
        if self._due and self._began_s is None:
            self._began_s = at_s
        self.suspected = False

    def caller_speaks(self, at_s: float) -> bool:
        """Take that the caller speaks; returns whether the reply had hardly begun."""
        if self._began_s is not None and at_s - self._began_s < CUT_OFF_S:
            self.suspected = True
        return self.suspected

    def reply_ended(self, *, interrupted: bool) -> bool:
        """Take that the reply is over; returns whether it had cut the caller off."""
        was = self.suspected and interrupted
        self._due, self._began_s, self.suspected = False, None, False
        return was
