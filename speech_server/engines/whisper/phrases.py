"""Phrases that are expected with a weight: which tokens are the likelier for them (ADR 0025)."""

from collections.abc import Sequence
from typing import Final

from speech_server.engines.base import Phrase

OPENING: Final = 0.5
"""Share of its gain that a phrase's first token has: it may come anywhere, the others seldom."""


def likelier(phrases: Sequence[Phrase], text: Sequence[int]) -> dict[int, float]:
    """Give the tokens that begin a phrase or go on with one, and what they gain in nats.

    A phrase that was just said does not gain by beginning again: it would for ever.

    Args:
        phrases: Those that are expected.
        text: The tokens before.
    """
    gains: dict[int, float] = {}
    for phrase in phrases:
        tokens = phrase.tokens
        said = _ends_with(text, tokens)
        for told in range(len(tokens)):
            if (told or not said) and _ends_with(text, tokens[:told]):
                gain = phrase.boost * (1 if told else OPENING)
                gains[tokens[told]] = max(gains.get(tokens[told], 0.0), gain)
    return gains


def _ends_with(text: Sequence[int], tokens: tuple[int, ...]) -> bool:
    return len(text) >= len(tokens) and tuple(text[len(text) - len(tokens) :]) == tokens
