"""What shows that Whisper's decoder ran away."""

import zlib
from typing import Final

COMPRESSION_LIMIT: Final = 2.4
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


def _repeats(tokens: tuple[int, ...]) -> bool:
    """Whether 3 to 6 tokens come three times in a row."""
    for size in range(3, 7):
        for at in range(len(tokens) - 3 * size + 1):
            first = tokens[at : at + size]
            if first == tokens[at + size : at + 2 * size] == tokens[at + 2 * size : at + 3 * size]:
                return True
    return False
