"""The transcript of a call: made from the session's events, sent to the room, kept in Redis."""

from agent.transcripts.latency import HeardFinal, TurnClock
from agent.transcripts.message import Latency, TranscriptMessage
from agent.transcripts.publisher import TOPIC, TranscriptPublisher
from agent.transcripts.recorder import TranscriptRecorder
from agent.transcripts.store import TranscriptStore

__all__ = [
    "TOPIC",
    "HeardFinal",
    "Latency",
    "TranscriptMessage",
    "TranscriptPublisher",
    "TranscriptRecorder",
    "TranscriptStore",
    "TurnClock",
]
