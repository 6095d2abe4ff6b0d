"""Joins short sentences to be spoken as one.

A voice says "Sure." alone with a rhythm that it never learned, and gives every segment the fall of
a last one. A short sentence therefore waits for the next one while there is sound to be heard.
What is joined depends on the text alone; only a listener who would hear a gap ends the wait.
"""

from dataclasses import replace

from speech_server.tts.segmenter import MAX_CHARS, Segment, letters_in


class Joiner:
    """Takes segments in order and gives them on, short sentences joined.

    The first segment of a context is never held: somebody waits for its sound.

    Args:
        letters: Letters and digits from which a sentence goes alone; 0 joins nothing.
    """

    def __init__(self, letters: int) -> None:
        self._letters = letters
        self._held: Segment | None = None
        self._begun = False

    @property
    def holding(self) -> bool:
        """Whether a sentence waits for the next one."""
        return self._held is not None

    def feed(self, segment: Segment) -> list[Segment]:
        """Take the next segment; gives those that wait for nothing more."""
        ready: list[Segment] = []
        held, self._held = self._held, None
        if held is not None:
            if _fits(held, segment):
                segment = replace(segment, text=held.text + segment.text, start=held.start)
            else:
                ready.append(held)
        short = segment.ends_sentence and letters_in(segment.text) < self._letters
        if self._begun and short and not segment.before:
            self._held = segment
        else:
            ready.append(segment)
        self._begun = True
        return ready

    def rest(self) -> list[Segment]:
        """Give what is held."""
        held, self._held = self._held, None
        return [] if held is None else [held]


def _fits(held: Segment, following: Segment) -> bool:
    """Whether two segments may be one: a new line between them is a pause that was meant."""
    gap = following.text[: len(following.text) - len(following.text.lstrip())]
    return len(held.text) + len(following.text) <= MAX_CHARS and "\n" not in gap
