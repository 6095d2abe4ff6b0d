"""A scripted caller: joins a room, speaks recordings in real time, records and measures.

The demo, the end-to-end tests and the benches talk through it.
"""

from caller.checks import Check
from caller.conversation import AgentTurn, Conversation, Turn, call
from caller.demo import converse, demo
from caller.errors import (
    ApiError,
    CallerError,
    ClipError,
    JoinError,
    SpeechError,
    WaitTimeoutError,
)
from caller.messages import Latency, TranscriptMessage
from caller.recorder import Recorder
from caller.report import Report, TurnReport, turn_report
from caller.score import Score, score
from caller.settings import CallerSettings
from caller.speech import Clip, load_clips, read_clip
from caller.speech_server import SpeechServer
from caller.token import ControlApi, Token
from caller.transcripts import stored_transcript

__all__ = [
    "AgentTurn",
    "ApiError",
    "CallerError",
    "CallerSettings",
    "Check",
    "Clip",
    "ClipError",
    "ControlApi",
    "Conversation",
    "JoinError",
    "Latency",
    "Recorder",
    "Report",
    "Score",
    "SpeechError",
    "SpeechServer",
    "Token",
    "TranscriptMessage",
    "Turn",
    "TurnReport",
    "WaitTimeoutError",
    "call",
    "converse",
    "demo",
    "load_clips",
    "read_clip",
    "score",
    "stored_transcript",
    "turn_report",
]
