"""Transcripts in Redis: a stream a room, and an index of rooms by their last message.

The one door to Redis. Several messages go in one round trip.
"""

import json
import time

import redis.asyncio as redis
from redis.exceptions import RedisError

from agent.errors import TranscriptStoreError
from agent.transcripts.message import TranscriptMessage

STREAM_PREFIX = "trinity:transcript:"
INDEX = "trinity:transcripts"
TIMEOUT_SECONDS = 2.0


class TranscriptStore:
    """Writes one room's transcript.

    Args:
        url: Redis' address.
        room: The room's name.
        keep_s: How long a transcript is kept after its last message, in seconds; 0: for ever.
        client: In place of a connection to `url`, for tests.
    """

    def __init__(
        self, url: str, room: str, *, keep_s: int = 0, client: redis.Redis | None = None
    ) -> None:
        self._redis = client or redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._room = room
        self._stream = STREAM_PREFIX + room
        self._keep_s = keep_s

    async def append(self, messages: list[TranscriptMessage]) -> None:
        """Add final messages, all or none.

        Raises:
            TranscriptStoreError: Redis did not take them.
        """
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for message in messages:
                    pipeline.xadd(self._stream, {"message": message.to_json()})
                pipeline.zadd(INDEX, {self._room: time.time()})
                if self._keep_s:
                    pipeline.expire(self._stream, self._keep_s)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise TranscriptStoreError(f"{type(error).__name__} while writing") from error

    async def last_sequence(self) -> int:
        """Sequence number of the room's last message; 0 when it has none.

        Raises:
            TranscriptStoreError: Redis does not tell.
        """
        try:
            entries = await self._redis.xrevrange(self._stream, count=1)
            fields = (entries[0][1] if entries else None) or {}
            return int(json.loads(fields[b"message"])["sequence"]) if fields else 0
        except (RedisError, OSError, TimeoutError, ValueError, KeyError) as error:
            raise TranscriptStoreError(f"{type(error).__name__} while reading") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
