"""How long the agent waits for the caller to go on, by what it has just asked.

A yes or no, or how many, needs few words, so the turn ends sooner; a number that is dictated has
pauses between its groups, so it ends later. What is said over the agent ends sooner, too, since its
voice is held meanwhile. The speech server ends utterances, so it is told; the framework waits on
after it, so it is told too.

A reply is made while the caller may still go on, so a wait that is shorter than that takes gains
nothing, and cuts off who only paused (ADR 0014).
"""

import re
from dataclasses import dataclass
from enum import Enum

from livekit.agents import AgentSession, AgentStateChangedEvent, ConversationItemAddedEvent, llm
from trinity.speech.v1.speech_to_text_service_pb2 import EndpointingConfig

from agent.speech import GrpcSTT

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


@dataclass(frozen=True)
class Patience:
    """Silences, in milliseconds.

    Attributes:
        stop_silence_ms: Ends an utterance whose turn seems complete.
        max_stop_silence_ms: Ends one whose turn seems incomplete.
    """

    stop_silence_ms: int
    max_stop_silence_ms: int

    def at_most(self, other: "Patience") -> "Patience":
        """Give the shorter of each."""
        return Patience(
            min(self.stop_silence_ms, other.stop_silence_ms),
            min(self.max_stop_silence_ms, other.max_stop_silence_ms),
        )

    def to_config(self) -> EndpointingConfig:
        """Give what the speech server takes."""
        return EndpointingConfig(
            stop_silence_ms=self.stop_silence_ms, max_stop_silence_ms=self.max_stop_silence_ms
        )


QUICK = Patience(384, 640)
NUMBER = Patience(384, 768)
SLOW = Patience(900, 1800)
PROMPT = Patience(480, 960)
"""Most for what is said over the agent, whose voice goes on by itself 0.95 s after an interruption
without words."""


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


class PatienceKeeper:
    """Sets the patience of a session after each turn of it.

    Args:
        session: The call's session.
        stt: Its recogniser.
        usual: The patience for an open answer.
        usual_max_s: The framework's own longest wait then, in seconds.
    """

    def __init__(
        self, session: AgentSession[None], stt: GrpcSTT, usual: Patience, usual_max_s: float
    ) -> None:
        self._session = session
        self._stt = stt
        self._patience = {
            Expectation.OPEN: usual,
            Expectation.YES_NO: usual.at_most(QUICK),
            Expectation.NUMBER: usual.at_most(NUMBER),
            Expectation.DICTATION: SLOW,
            Expectation.INTERRUPTION: usual.at_most(PROMPT),
        }
        self._usual_max_s = usual_max_s
        self.expectation = Expectation.OPEN
        session.on("conversation_item_added", self._on_item)
        session.on("agent_state_changed", self._on_state)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._set(Expectation.INTERRUPTION)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        # An interrupted reply is added before what interrupted it.
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role in ("assistant", "user"):
            asked = item.role == "assistant"
            self._set(expect(item.text_content or "") if asked else Expectation.OPEN)

    def _set(self, expectation: Expectation) -> None:
        if expectation is self.expectation:
            return
        self.expectation = expectation
        patience = self._patience[expectation]
        self._stt.set_endpointing(patience.to_config())
        longest_s = patience.max_stop_silence_ms / 1000
        if expectation in (Expectation.OPEN, Expectation.INTERRUPTION):
            longest_s = self._usual_max_s
        # The framework forgets with each change who speaks over whom, so there is none in vain.
        if longest_s != self._session.options.endpointing["max_delay"]:
            self._session.update_options(endpointing_opts={"max_delay": longest_s})
