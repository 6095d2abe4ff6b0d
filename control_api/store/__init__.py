"""The one door to Redis: what outlives the process."""

from control_api.store.keys import ApiKey, ApiKeys
from control_api.store.redis import RedisStore
from control_api.store.transcripts import TranscriptMessage, TranscriptPage, Transcripts

__all__ = ["ApiKey", "ApiKeys", "RedisStore", "TranscriptMessage", "TranscriptPage", "Transcripts"]
