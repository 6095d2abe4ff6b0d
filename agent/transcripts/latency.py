"""The stages of a turn: from the end of the caller's speech to the agent's voice.

livekit-agents times a turn by its voice detector. On a busy machine that may lag behind the speech
server, and then it gives no times; the server's own end of speech stands in for them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import llm

from agent.transcripts.message import Latency


@dataclass(frozen=True)
class HeardFinal:
    """The latest final with words, in Unix seconds.

    Attributes:
        speech_end_s: When the speech in it ended.
        arrived_s: When it came.
    """

    speech_end_s: float
    arrived_s: float


class TurnClock:
    """Times one call's turns; tell it of each item of the chat history, in order.

    Args:
        heard: Gives the latest final; None before there is one.
    """

    def __init__(self, heard: Callable[[], HeardFinal | None]) -> None:
        self._heard = heard
        self._used: HeardFinal | None = None
        self._user: llm.MetricsReport = {}
        self._answered = True

    def user_turn(self, metrics: llm.MetricsReport | None, committed_s: float) -> None:
        """Take the times of a turn of the caller, which was committed at a Unix time."""
        self._user = metrics.copy() if metrics else {}
        final = self._heard()
        spoken = final is not None and final != self._used
        if final is not None and spoken and "stopped_speaking_at" not in self._user:
            self._user["stopped_speaking_at"] = final.speech_end_s
            self._user["transcription_delay"] = max(0.0, final.arrived_s - final.speech_end_s)
            self._user["end_of_turn_delay"] = max(0.0, committed_s - final.speech_end_s)
        self._used = final
        self._answered = False

    def reply(self, metrics: llm.MetricsReport | None) -> Latency | None:
        """Give the stages of a reply; None where it does not answer a spoken turn."""
        agent = metrics or {}
        end_to_end = agent.get("e2e_latency")
        if end_to_end is None and not self._answered and "llm_node_ttft" in agent:
            stopped = self._user.get("stopped_speaking_at")
            started = agent.get("started_speaking_at")
            if stopped is not None and started is not None:
                end_to_end = max(0.0, started - stopped)
        if end_to_end is None:
            return None
        self._answered = True
        return Latency(
            end_of_turn_ms=_milliseconds(self._user.get("end_of_turn_delay")),
            transcription_ms=_milliseconds(self._user.get("transcription_delay")),
            llm_first_token_ms=_milliseconds(agent.get("llm_node_ttft")),
            tts_first_audio_ms=_milliseconds(agent.get("tts_node_ttfb")),
            end_to_end_ms=_milliseconds(end_to_end),
        )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
