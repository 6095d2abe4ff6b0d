"""The one door to Redis: what outlives the process."""

from control_api.store.redis import RedisStore
from control_api.store.transcripts import TranscriptMessage, TranscriptPage, Transcripts

__all__ = ["RedisStore", "TranscriptMessage", "TranscriptPage", "Transcripts"]
