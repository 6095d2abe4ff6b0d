"""Sets the patience of a call's session."""

from typing import Final

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
    llm,
)

from agent.patience.cut_offs import CutOffWatch
from agent.patience.expectation import Expectation, expect
from agent.patience.waits import NUMBER, PROMPT, QUICK, SLOW, Patience
from agent.speech import GrpcSTT
from agent.telemetry import metrics

AMENDS_TURNS: Final = 4
"""Turns, the rest of one that was cut off among them, that are waited for longer."""


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
        self._usual = usual
        self._cut_offs = CutOffWatch()
        self._amends = 0
        self._cut_off_again = False
        self._patience_now = usual
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
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._cut_offs.agent_speaks(event.created_at)
            self._set(Expectation.INTERRUPTION)

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking" and self._cut_offs.caller_speaks(event.created_at):
            self._set(Expectation.OPEN)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        # An interrupted reply is added before what interrupted it.
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role in ("assistant", "user"):
            if item.role == "assistant":
                if self._cut_offs.reply_ended(interrupted=item.interrupted):
                    self._make_amends()
                self._set(expect(item.text_content or ""))
            else:
                if self._cut_offs.turn_ended():
                    self._make_amends()
                self._amends = max(0, self._amends - 1)
                self._set(Expectation.OPEN)

    def _make_amends(self) -> None:
        self._cut_off_again = self._amends > 0
        self._amends = AMENDS_TURNS
        metrics().cut_offs.inc()

    def _least_ms(self, expectation: Expectation) -> int:
        if expectation is Expectation.INTERRUPTION:
            return 0
        shorter_ms, longer_ms = self._usual.stop_silence_ms, self._usual.max_stop_silence_ms
        if self._cut_offs.suspected or (self._amends and self._cut_off_again):
            return longer_ms
        return (shorter_ms + longer_ms) // 2 if self._amends else 0

    def _set(self, expectation: Expectation) -> None:
        patience = self._patience[expectation].at_least(self._least_ms(expectation))
        if expectation is self.expectation and patience == self._patience_now:
            return
        self.expectation = expectation
        self._patience_now = patience
        self._stt.set_endpointing(patience.to_config())
        longest_s = patience.max_stop_silence_ms / 1000
        if expectation in (Expectation.OPEN, Expectation.INTERRUPTION):
            longest_s = self._usual_max_s
        # The framework forgets with each change who speaks over whom, so there is none in vain.
        if longest_s != self._session.options.endpointing["max_delay"]:
            self._session.update_options(endpointing_opts={"max_delay": longest_s})
