"""Text as it is written, turned into what a person would say, with a map of the characters.

The order of the rules is the order of their right: what is for the eye only goes first, then what
has the most to it (addresses, dates, money), plain numbers and signs last. Languages without rules
keep their numbers, which espeak-ng reads by itself.
"""

from collections.abc import Sequence

from speech_server.tts.normalizer import (
    addresses,
    amounts,
    dates,
    labels,
    markup,
    numbers,
    ranges,
    words,
)
from speech_server.tts.normalizer.rules import Rule, apply
from speech_server.tts.pieces import Piece

_BY_LANGUAGE: dict[str, list[Rule]] = {
    "en": [
        *markup.RULES,
        *addresses.RULES,
        *labels.RULES,
        *ranges.RULES,
        *dates.RULES,
        *amounts.RULES,
        *words.ABBREVIATIONS,
        *numbers.RULES,
        *words.RULES,
    ]
}


def has_rules(language_code: str) -> bool:
    """Whether numbers and the like are written out in a language."""
    return _language(language_code) in _BY_LANGUAGE


def normalize(text: str, language_code: str, fixed: Sequence[Piece] = ()) -> list[Piece]:
    """Say a text as a person would.

    Args:
        text: The client's characters, a segment of them.
        language_code: The voice's language, as BCP 47.
        fixed: Pieces that stay as they are.
    """
    return apply(text, _BY_LANGUAGE.get(_language(language_code), markup.RULES), fixed)


def _language(code: str) -> str:
    return code.split("-")[0].lower()


__all__ = ["has_rules", "normalize"]
