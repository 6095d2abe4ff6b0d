"""The agent's metrics. Labels come from closed sets; never a room, a caller or words.

Each call runs in its own process, so `prometheus_client` keeps the values in files
(`agent.telemetry.exposition`). The collectors are made on first use: the worker's process must not
open the files before livekit-agents has emptied the folder.
"""

from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (
    *(0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8),
    *(1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
)

PHASES = ("eou", "stt", "llm_ttft", "tts_ttfb", "e2e")
INTERRUPTIONS = ("true", "false")
OVERLAPS = ("backchannel", "echo")
OUTCOMES = ("completed", "failed")
QUEUE_OUTCOMES = ("served", "left", "turned_away")
FALLBACKS = ("llm_empty", "llm_failed", "llm_slow", "not_heard", "speech_lost", "silence")


@dataclass(frozen=True)
class Metrics:
    """Collectors of this process."""

    turn_latency: Histogram
    interruptions: Counter
    cut_offs: Counter
    sessions_active: Gauge
    sessions: Counter
    tool_calls: Counter
    fallbacks: Counter
    overlaps: Counter
    stt_reconnects: Counter
    transcripts: Counter
    queue_calls: Gauge
    queue_waits: Counter
    restarts: Counter


def show_all() -> None:
    """Make every series of a closed set visible, at 0, before the first call."""
    all_of = metrics()
    for phase in PHASES:
        all_of.turn_latency.labels(phase)
    for kind in INTERRUPTIONS:
        all_of.interruptions.labels(kind)
    for outcome in OUTCOMES:
        all_of.sessions.labels(outcome)
    for reason in FALLBACKS:
        all_of.fallbacks.labels(reason)
    for kind in OVERLAPS:
        all_of.overlaps.labels(kind)
    for outcome in QUEUE_OUTCOMES:
        all_of.queue_waits.labels(outcome)
    for result in ("saved", "lost"):
        all_of.transcripts.labels(result)


@cache
def metrics() -> Metrics:
    """Give the collectors, made when first asked for."""
    return Metrics(
        turn_latency=Histogram(
            "agent_turn_latency_seconds",
            "Stages of a turn, observed when the agent has answered it.",
            ["phase"],
            buckets=SECONDS,
        ),
        interruptions=Counter(
            "agent_interruptions_total",
            "Times that the caller spoke over the agent; false ones held no words.",
            ["kind"],
        ),
        cut_offs=Counter(
            "agent_cut_offs_total",
            "Replies that began while the caller only paused: who spoke over them had gone on.",
        ),
        sessions_active=Gauge(
            "agent_sessions_active", "Calls going on.", multiprocess_mode="livesum"
        ),
        sessions=Counter("agent_sessions_total", "Calls that ended.", ["outcome"]),
        tool_calls=Counter("agent_tool_calls_total", "Tools used.", ["tool", "outcome"]),
        fallbacks=Counter(
            "agent_fallbacks_total",
            "Times that the agent spoke in place of a failed part.",
            ["reason"],
        ),
        overlaps=Counter(
            "agent_overlaps_total",
            "Words over the agent's speech that were no interruption.",
            ["kind"],
        ),
        stt_reconnects=Counter(
            "agent_stt_reconnects_total", "Recognition streams that broke and were opened again."
        ),
        transcripts=Counter(
            "agent_transcript_messages_total", "Final messages saved in Redis, or lost.", ["result"]
        ),
        queue_calls=Gauge(
            "agent_queue_calls", "Calls that wait for a place.", multiprocess_mode="livesum"
        ),
        queue_waits=Counter(
            "agent_queue_waits_total",
            "Calls that waited for a place, by what became of them.",
            ["outcome"],
        ),
        restarts=Counter(
            "agent_call_restarts_total", "Calls that went on in another process when theirs died."
        ),
    )
