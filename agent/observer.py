"""Counts and times what happens in a session."""

import structlog
from livekit.agents import (
    AgentFalseInterruptionEvent,
    AgentSession,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    llm,
    stt,
)

from agent.telemetry import metrics
from agent.transcripts import TurnClock

log = structlog.stdlib.get_logger(__name__)


class SessionObserver:
    """Observes one session from its start to its end.

    Args:
        session: The call's session, not started yet.
        clock: Times the turns.
    """

    def __init__(self, session: AgentSession[None], clock: TurnClock) -> None:
        self._clock = clock
        self._open = True
        metrics().sessions_active.inc()
        session.on("conversation_item_added", self._on_item)
        session.on("agent_false_interruption", self._on_false_interruption)
        session.on("function_tools_executed", self._on_tools)
        session.on("error", self._on_error)
        session.on("close", self._on_close)

    def end(self, *, failed: bool) -> None:
        """Count the end of the session, once."""
        if self._open:
            self._open = False
            metrics().sessions_active.dec()
            metrics().sessions.labels("failed" if failed else "completed").inc()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage):
            return
        if item.role == "user":
            self._clock.user_turn(item.metrics, event.created_at)
            return
        if item.role != "assistant":
            return
        if item.interrupted:
            metrics().interruptions.labels("true").inc()
        latency = self._clock.reply(item.metrics)
        if latency is None:
            return
        stages = {
            "eou": latency.end_of_turn_ms,
            "stt": latency.transcription_ms,
            "llm_ttft": latency.llm_first_token_ms,
            "tts_ttfb": latency.tts_first_audio_ms,
            "e2e": latency.end_to_end_ms,
        }
        for phase, value in stages.items():
            if value is not None:
                metrics().turn_latency.labels(phase).observe(value / 1000)
        log.info("Turn answered", interrupted=item.interrupted, **latency.model_dump())

    def _on_false_interruption(self, event: AgentFalseInterruptionEvent) -> None:
        metrics().interruptions.labels("false").inc()
        log.info("False interruption", resumed=event.resumed)

    def _on_tools(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            outcome = "failed" if output.is_error else "done"
            metrics().tool_calls.labels(call.name, outcome).inc()
            log.info("Tool used", tool=call.name, outcome=outcome)

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, stt.STTError):
            metrics().stt_reconnects.inc()
        cause = getattr(event.error, "error", event.error)
        log.warning(
            "A part of the call failed",
            part=getattr(event.error, "type", "unknown"),
            error=type(cause).__name__,
            recoverable=getattr(event.error, "recoverable", False),
        )

    def _on_close(self, event: CloseEvent) -> None:
        self.end(failed=event.reason is CloseReason.ERROR)
