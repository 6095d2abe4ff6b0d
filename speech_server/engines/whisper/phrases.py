"""Phrases that are expected with a weight: which tokens are the likelier for them (ADR 0025)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from speech_server.engines.base import Phrase

OPENING: Final = 0.5
"""Share of its gain that a phrase's first token has: it may come anywhere, the others seldom."""


class Expected:
    """Phrases by the token before each of theirs: of hundreds few are looked at for a token.

    Args:
        phrases: Those that are expected.
    """

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._phrases = phrases
        self._openings = _openings(phrases)
        self._told: defaultdict[int, list[tuple[Phrase, int]]] = defaultdict(list)
        for phrase in phrases:
            for told, token in enumerate(phrase.tokens, 1):
                self._told[token].append((phrase, told))

    def likelier(self, text: Sequence[int]) -> dict[int, float]:
        """Give the tokens that begin a phrase or go on with one, and what they gain in nats.

        A phrase that was just said does not gain by beginning again: it would for ever.

        Args:
            text: The tokens before.
        """
        last = self._told.get(text[-1], ()) if text else ()
        near = [(phrase, told) for phrase, told in last if _ends_with(text, phrase.tokens[:told])]
        said = [phrase for phrase, told in near if told == len(phrase.tokens)]
        if said:
            gains = _openings(phrase for phrase in self._phrases if phrase not in said)
        else:
            gains = dict(self._openings)
        for phrase, told in near:
            if told < len(phrase.tokens):
                token = phrase.tokens[told]
                gains[token] = max(gains.get(token, 0.0), phrase.boost)
        return gains


def _openings(phrases: Iterable[Phrase]) -> dict[int, float]:
    gains: dict[int, float] = {}
    for phrase in phrases:
        first = phrase.tokens[0]
        gains[first] = max(gains.get(first, 0.0), phrase.boost * OPENING)
    return gains


def _ends_with(text: Sequence[int], tokens: tuple[int, ...]) -> bool:
    return len(text) >= len(tokens) and tuple(text[len(text) - len(tokens) :]) == tokens
