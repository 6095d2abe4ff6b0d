"""What is said for which characters of the client's text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class Piece:
    """Characters ``start`` to ``end`` of a segment are said as ``spoken``.

    ``ipa`` is a pronunciation that is used instead of the text's.
    """

    start: int
    end: int
    spoken: str
    ipa: str = ""


def plain_pieces(text: str, start: int = 0, end: int | None = None) -> list[Piece]:
    """Say a text, or a part of it, as it is written, a piece for each word."""
    stop = len(text) if end is None else end
    return [
        Piece(found.start(), found.end(), found.group())
        for found in _TOKEN.finditer(text, start, stop)
    ]


class Pronunciations:
    """The client's own pronunciations of words and phrases.

    A phrase is found whole and in either case; of several at one place the longest is taken.

    Args:
        entries: Phrases with their IPA.
    """

    def __init__(self, entries: Sequence[tuple[str, str]]) -> None:
        self._ipa = {_key(phrase): ipa for phrase, ipa in entries}
        phrases = sorted(self._ipa, key=len, reverse=True)
        choices = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
        self._pattern = re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE)

    def pieces(self, text: str) -> list[Piece]:
        """Find the phrases in a text."""
        if not self._ipa:
            return []
        return [
            Piece(found.start(), found.end(), found.group(), self._ipa[_key(found.group())])
            for found in self._pattern.finditer(text)
        ]


def _key(phrase: str) -> str:
    return " ".join(phrase.lower().split())


def fill(
    text: str, fixed: Sequence[Piece], say: Callable[[str, int, int], list[Piece]]
) -> list[Piece]:
    """Keep some pieces and make the others from the text between them."""
    pieces: list[Piece] = []
    at = 0
    for piece in fixed:
        pieces += say(text, at, piece.start)
        pieces.append(piece)
        at = piece.end
    return pieces + say(text, at, len(text))
