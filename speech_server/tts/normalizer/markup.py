"""What is written for the eye alone: markdown, HTML, emoji. The same in every language."""

import re

from speech_server.tts.normalizer.rules import Rule, constant

EMOJI = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2300-\u23ff\u2b00-\u2bff\u2190-\u21ff\u25a0-\u25ff"
    "\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f\u3030\u303d\u3297\u3299"
)
_ENTITIES = {"&amp;": "and", "&lt;": "less than", "&gt;": "greater than", "&nbsp;": ""}

RULES: list[Rule] = [
    (re.compile(r"^\s*(?:`{3}|~{3})\w*", re.MULTILINE), constant("")),
    (re.compile(r"^\s*[-*_=]{3,}\s*$", re.MULTILINE), constant("")),
    (re.compile(r"^\s*#{1,6}(?=\s)", re.MULTILINE), constant("")),
    (re.compile(r"^\s*>+(?=\s)", re.MULTILINE), constant("")),
    (re.compile(r"^\s*[-*+•‣◦](?=\s)(?: \[[ xX]\])?", re.MULTILINE), constant("")),
    (re.compile(r"</?[a-zA-Z][^<>]{0,100}>"), constant("")),
    (re.compile(r"&(?:amp|lt|gt|nbsp);"), lambda match: _ENTITIES[match.group()]),
    # A link is said by its text: what is around the text is dropped.
    (re.compile(r"!?\[(?=[^\[\]]{1,200}\]\([^()\s]{1,300}\))"), constant("")),
    (re.compile(r"(?<!\s)\]\([^()\s]{1,300}\)"), constant("")),
    (re.compile(rf"[{EMOJI}]+"), constant("")),
    (re.compile(r"`+"), constant("")),
    (re.compile(r"\\(?=[*_`#~\[\]])"), constant("")),
    (
        re.compile(r"(?<!\w)(?:[*_]{1,3}|~{1,3}(?!\$?\d))(?=\S)|(?<=\S)[*_~]{1,3}(?!\w)"),
        constant(""),
    ),
    # Between letters a pair of stars is emphasis, a single one may be a product.
    (re.compile(r"(?<=[^\W\d])\*{1,3}(?=\w)|(?<=\w)\*{2,3}(?=[^\W\d])|~~"), constant("")),
    (re.compile(r"\|+(?:[-: ]*-[-: ]*\|+)*"), constant("")),
]
