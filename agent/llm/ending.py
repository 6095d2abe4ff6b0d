"""A reply that reaches its longest length, ended at a sentence.

Ollama stops in the middle of a word at `num_predict`. Near that length the text is held back to
the end of each sentence, so that the last, broken one is dropped.
"""

import re

_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(?:\s+|$)")


class EndingFilter:
    """Holds back the last sentence of a reply that may be cut.

    Args:
        limit_tokens: Length at which Ollama stops, in tokens.
    """

    def __init__(self, limit_tokens: int) -> None:
        self._from_piece = max(1, int(limit_tokens * 0.7))
        self._pieces = 0
        self._held = ""
        self._spoken = False

    def feed(self, text: str) -> str:
        """Take the next piece, about a token; returns what may be spoken now."""
        self._pieces += 1
        self._held += text
        if self._pieces < self._from_piece:
            return self._release(len(self._held))
        ends = [match.end() for match in _SENTENCE_END.finditer(self._held)]
        # An end at the very end may be a point within a number; the next piece tells.
        return self._release(max((end for end in ends if end < len(self._held)), default=0))

    def finish(self, *, cut: bool) -> str:
        """End the reply; returns what may still be spoken.

        Args:
            cut: Ollama stopped it at its longest length.
        """
        if not cut or not self._spoken:
            return self._release(len(self._held))
        ends = [match.end() for match in _SENTENCE_END.finditer(self._held)]
        return self._release(max(ends, default=0))

    def _release(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        self._spoken = self._spoken or bool(text.strip())
        return text
