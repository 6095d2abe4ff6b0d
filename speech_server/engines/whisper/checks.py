"""What shows that Whisper's decoder ran away."""

import re
import zlib
from typing import Final

COMPRESSION_LIMIT: Final = 2.4
REPEATED: Final = 4
"""Words in a row that are seldom said twice within seconds."""

SHORTEST_COMPRESSED: Final = 40
"""Bytes of text below which compression tells nothing."""


def find_fault(tokens: tuple[int, ...], text: str, limit: int) -> str:
    """Say what shows that the decoder ran away, if it did."""
    if len(tokens) >= limit:
        return "limit"
    if _repeats(tokens):
        return "loop"
    raw = text.encode()
    if len(raw) > SHORTEST_COMPRESSED and len(raw) / len(zlib.compress(raw)) > COMPRESSION_LIMIT:
        return "compression"
    return ""


def says_twice(text: str) -> bool:
    """Whether a whole phrase comes again at once: a loop of two, or somebody who says it twice."""
    return _twice(_words(text), REPEATED)


def is_misled(before: str, text: str) -> bool:
    """Whether what was said before may have led the decoder to a text that is wrong.

    It then takes the pause for the end and says nothing, or takes noise for a voice and says again
    what was said, or says itself twice. Who does say it twice is heard as well without that.
    """
    words = _words(text)
    known = _words(before)
    if not words or words in _runs(known, len(words)):
        return True
    said = _runs(known + words, REPEATED)
    fresh = said[len(known) :]
    return any(run in said[:at] for at, run in enumerate(fresh, len(known))) or _twice(words, 2)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _runs(words: list[str], size: int) -> list[list[str]]:
    return [words[at : at + size] for at in range(len(words) - size + 1)]


def _twice(words: list[str], fewest: int) -> bool:
    """Whether so many words or more come again at once."""
    return any(
        words[at : at + size] == words[at + size : at + 2 * size]
        for size in range(fewest, len(words) // 2 + 1)
        for at in range(len(words) - 2 * size + 1)
    )


def _repeats(tokens: tuple[int, ...]) -> bool:
    """Whether 3 to 6 tokens come three times in a row."""
    for size in range(3, 7):
        for at in range(len(tokens) - 3 * size + 1):
            first = tokens[at : at + size]
            if first == tokens[at + size : at + 2 * size] == tokens[at + 2 * size : at + 3 * size]:
                return True
    return False
