"""What the caller is about to say, by what the agent has just asked."""

import re
from enum import Enum

_DICTATED = re.compile(
    r"\b(numbers?|digits?|codes?|pin|address|e-?mail|spell\w*|postcode|zip|account|serial|"
    r"birthday|date of birth|password|reference)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\?|\b(tell|give|say|spell|read|enter|what is|what's|repeat)\b", re.IGNORECASE)
_POLITE = re.compile(
    r"\b(can|could|would|will) (you|i)\b.*\b(tell|give|spell|say|read|repeat|have)\b", re.IGNORECASE
)
_YES_NO = re.compile(
    r"^(so|and|then|or|well|okay|great|right)?,?\s*(do|does|did|is|are|was|were|can|could|will|"
    r"would|shall|should|have|has|had|may|am|isn't|aren't|don't|didn't|won't|wouldn't)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(how (many|much|old|often|long|tall|far)|what (time|day|year|age|size)|"
    r"which (day|year|size)|on a scale)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")


class Expectation(Enum):
    """What the caller is about to say."""

    OPEN = "open"
    YES_NO = "yes_no"
    NUMBER = "number"
    DICTATION = "dictation"
    INTERRUPTION = "interruption"


def expect(agent_text: str) -> Expectation:
    """Tell what an answer to the agent's words will be."""
    sentences = [part.strip() for part in _SENTENCE.findall(agent_text) if part.strip()]
    if not sentences:
        return Expectation.OPEN
    last = sentences[-1]
    asked = last if last.endswith("?") else " ".join(sentences[-2:])
    if _DICTATED.search(asked) and (
        _POLITE.search(asked) or (_ASKS.search(asked) and not _YES_NO.match(last))
    ):
        return Expectation.DICTATION
    if last.endswith("?") and _YES_NO.match(last) and " or " not in last:
        return Expectation.YES_NO
    if last.endswith("?") and _NUMBER.search(last):
        return Expectation.NUMBER
    return Expectation.OPEN
