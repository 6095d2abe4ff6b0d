"""What the scripted model says: never twice the same, so that nothing can be kept ready.

A reply is a sentence of six to ten words and a short question, as the agent's instructions ask for.
Half of the sentences begin with a short clause and half have no comma; both kinds are common, and
the first is kinder to a synthesiser that begins at a clause.
"""

import random
from collections.abc import Callable, Sequence

from bench.scripted_ollama import Body, Reply

__all__ = ["Script"]

BEGIN_WORDS = 3
"""By so many words a reply is known: one that was begun anew goes on with another's."""

_OPENINGS = ("Of course", "Well", "Yes", "Let me see", "Good question", "All right", "Certainly")
_THINGS = (
    *("train", "parcel", "meeting", "table", "concert", "delivery", "doctor", "ferry", "lesson"),
    *("garden tour", "new lamp", "rental car", "blue bicycle", "museum guide", "birthday cake"),
)
_WHOSE = ("the", "your", "our", "that", "another", "the other")
_VERBS = (
    *("is ready", "was moved", "begins", "will be there", "is booked", "arrives", "is free"),
    *("was confirmed", "is waiting", "was found"),
)
_HOURS = (
    *("at noon", "at half past three", "in twenty minutes", "at nine", "tomorrow morning"),
    *("after lunch", "on Monday", "in the evening", "at a quarter to six", "next week"),
)
_ENDS = ("Would that suit you?", "Shall I book it?", "Do you need more?", "Is that fine?")


class Script:
    """Replies of one length after the other from a seed.

    Args:
        seed: Of the words.
        first_token_s: Time to the first word.
        rate: Words a second.
    """

    def __init__(self, seed: int, first_token_s: float, rate: float) -> None:
        self._random = random.Random(seed)
        self._first_token_s = first_token_s
        self._rate = rate
        self._long: Callable[[Body], bool] = lambda _: False
        self.said: set[str] = set()
        self._cores: set[str] = set()

    def speak_long(self, when: Callable[[Body], bool] | None) -> None:
        """Give long replies to some requests from now on; None gives short ones again."""
        self._long = when or (lambda _: False)

    def answer(self, body: Body) -> Reply:
        """Answer a request."""
        parts = [self._sentence(self._random.random() < 0.5), self._random.choice(_ENDS)]
        if self._long(body):
            parts = [self._sentence(False) for _ in range(10)]
        text = " ".join(parts)
        self.said.add(parts[0])
        return Reply(text, first_token_s=self._first_token_s, rate=self._rate)

    def is_mine(self, text: str) -> bool:
        """Tell whether the agent's words are one of the replies, and no apology or the like."""
        words = text.split()
        return self._begins(words) or any(
            self._begins(words[:cut]) and self._begins(words[cut:]) for cut in range(1, BEGIN_WORDS)
        )

    def _begins(self, words: Sequence[str]) -> bool:
        begin = words[:BEGIN_WORDS]
        return bool(begin) and any(first.split()[: len(begin)] == begin for first in self.said)

    def _sentence(self, opened: bool) -> str:
        choose = self._random.choice
        while True:
            core = f"{choose(_WHOSE)} {choose(_THINGS)} {choose(_VERBS)} {choose(_HOURS)}."
            if core not in self._cores:
                break
        self._cores.add(core)
        return f"{choose(_OPENINGS)}, {core}" if opened else core[0].upper() + core[1:]
