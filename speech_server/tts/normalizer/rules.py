"""Rules that say characters as a person would, and how they share a text."""

import re
from collections.abc import Callable, Sequence

from speech_server.tts.pieces import Piece, fill, plain_pieces

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]
"""What a rule finds, and what is said for it; None leaves it to later rules.

No pattern may backtrack more than linearly. What they work on is a segment, of bounded length.
"""


def apply(text: str, rules: Sequence[Rule], fixed: Sequence[Piece] = ()) -> list[Piece]:
    """Give the pieces of a text; an earlier rule has its characters before a later one.

    Args:
        text: The client's characters.
        rules: In the order of their right.
        fixed: Pieces that no rule may touch.
    """
    taken = bytearray(len(text))
    found = list(fixed)
    for piece in fixed:
        taken[piece.start : piece.end] = b"\x01" * (piece.end - piece.start)
    for pattern, say in rules:
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            spoken = say(match)
            if spoken is not None:
                taken[start:end] = b"\x01" * (end - start)
                found.append(Piece(start, end, spoken))
    found.sort(key=lambda piece: piece.start)
    return fill(text, found, plain_pieces)


def full_stop(match: re.Match[str]) -> str:
    """Give the full stop back that an abbreviation at the end of a sentence stands for."""
    at_end = not match.string[match.end() :].strip()
    return "." if at_end and match.group().endswith(".") else ""


def constant(spoken: str) -> Callable[[re.Match[str]], str]:
    """Say the same for whatever is found."""
    return lambda match: spoken
