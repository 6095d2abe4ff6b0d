"""The sides that can be compared: ours, the peers', the framework's defaults, and ablations."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SIDES", "Side"]


@dataclass(frozen=True)
class Side:
    """What makes a side.

    Attributes:
        title: For people.
        kind: Of its worker's calls, see `bench.sides.settings`; earlier: all of it is taken from
            another commit.
        agent: Settings of its agent.
        speech: Settings of a speech server of its own; empty: it shares ours.
        apart: It has one of its own with our settings.
    """

    title: str
    kind: str = "ours"
    agent: Mapping[str, str] = field(default_factory=dict)
    speech: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False


SIDES: Mapping[str, Side] = {
    "ours": Side("Trinity"),
    "arrivals": Side("Trinity, taking as many calls as the sweep has shown to be carried"),
    "fresh": Side("Trinity, just started", apart=True),
    "earlier": Side("an earlier commit (BENCH_EARLIER)", "earlier"),
    "peers": Side(
        "the same agent over WhisperLive and Piper's HTTP server",
        "peers",
        {"AGENT_WORD_TIMINGS": "off"},
    ),
    "defaults": Side(
        "livekit-agents' defaults over our speech server",
        "defaults",
        {"AGENT_VAD_MIN_SILENCE_SECONDS": "0.55"},
    ),
    "no-preflight": Side(
        "without an early start on the preflight", agent={"AGENT_PREEMPTIVE_GENERATION": "false"}
    ),
    "full-context": Side(
        "recognition over 30 s of context", speech={"SPEECH_STT_SHORT_CONTEXT": "off"}
    ),
    "one-shot": Side("synthesis in one piece", speech={"SPEECH_TTS_STAGES": "off"}),
    "no-openings": Side(
        "clauses awaited before they are spoken", speech={"SPEECH_TTS_OPENING_LETTERS": "0"}
    ),
    "no-early-clause": Side(
        "sentences spoken whole",
        speech={"SPEECH_TTS_FIRST_CLAUSE_LETTERS": "0", "SPEECH_TTS_OPENING_LETTERS": "0"},
    ),
}
