"""The one door to Redis: what outlives the process."""

from control_api.store.audit import AuditEntry, AuditLog, AuditPage
from control_api.store.backup import Backup, Counts
from control_api.store.calls import Call, CallStore, Failure, Reason
from control_api.store.endpoints import Endpoint, Endpoints, Progress
from control_api.store.events import ID_PATTERN, Event, EventLog
from control_api.store.idempotency import Answer, IdempotencyKeys
from control_api.store.keys import ApiKey, ApiKeys
from control_api.store.presence import AgentState, Presence, Stay
from control_api.store.rates import Rate, Rates
from control_api.store.redis import RedisStore
from control_api.store.transcripts import (
    TranscriptEntry,
    TranscriptIndex,
    TranscriptMessage,
    TranscriptPage,
    Transcripts,
)

__all__ = [
    "ID_PATTERN",
    "AgentState",
    "Answer",
    "ApiKey",
    "ApiKeys",
    "AuditEntry",
    "AuditLog",
    "AuditPage",
    "Backup",
    "Call",
    "CallStore",
    "Counts",
    "Endpoint",
    "Endpoints",
    "Event",
    "EventLog",
    "Failure",
    "IdempotencyKeys",
    "Presence",
    "Progress",
    "Rate",
    "Rates",
    "Reason",
    "RedisStore",
    "Stay",
    "TranscriptEntry",
    "TranscriptIndex",
    "TranscriptMessage",
    "TranscriptPage",
    "Transcripts",
]
