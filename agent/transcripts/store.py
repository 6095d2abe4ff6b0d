"""Transcripts in Redis: a stream a room, and an index of rooms by their last message.

The one door to Redis. Several messages go in one round trip. What the agent is in the middle of
saying is kept beside, so that a process that dies takes no words with it: `finish_unfinished`.
"""

import json
import time
from datetime import datetime

import redis.asyncio as redis
from redis.exceptions import RedisError

from agent.errors import TranscriptStoreError
from agent.transcripts.message import TranscriptMessage

STREAM_PREFIX = "trinity:transcript:"
INDEX = "trinity:transcripts"
UNFINISHED = "trinity:transcripts:unfinished"
"""Hash: room to the latest interim of the agent."""
TIMEOUT_SECONDS = 2.0
STALE_SECONDS = 15.0
"""An interim that is so old belongs to a call whose process is gone: one that goes on has newer."""


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
                if any(message.speaker == "agent" for message in messages):
                    pipeline.hdel(UNFINISHED, self._room)
                pipeline.zadd(INDEX, {self._room: time.time()})
                if self._keep_s:
                    pipeline.expire(self._stream, self._keep_s)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise TranscriptStoreError(f"{type(error).__name__} while writing") from error

    async def keep_unfinished(self, message: TranscriptMessage) -> None:
        """Keep what the agent has said of its reply so far.

        Raises:
            TranscriptStoreError: Redis did not take it.
        """
        try:
            await self._redis.hset(UNFINISHED, self._room, message.to_json().decode())
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

    async def recover(self, count: int) -> list[TranscriptMessage]:
        """Write down the reply in which the room's process died, and read the latest messages.

        Args:
            count: How many at most.

        Returns:
            The messages, the oldest first.

        Raises:
            TranscriptStoreError: Redis does not tell.
        """
        try:
            if data := await self._redis.hget(UNFINISHED, self._room):
                await _finish(self._redis, self._room, TranscriptMessage.model_validate_json(data))
            entries = await self._redis.xrevrange(self._stream, count=count) or []
            texts = [(fields or {})[b"message"] for _, fields in reversed(entries)]
            return [TranscriptMessage.model_validate_json(text) for text in texts]
        except (RedisError, OSError, TimeoutError, ValueError, KeyError) as error:
            raise TranscriptStoreError(f"{type(error).__name__} while reading") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


async def finish_unfinished(url: str, *, client: redis.Redis | None = None) -> int:
    """Write down the replies in which a call's process died; returns how many.

    Any worker may do it; an entry is taken by one.

    Args:
        url: Redis' address.
        client: In place of a connection to `url`, for tests.

    Raises:
        TranscriptStoreError: Redis does not answer.
    """
    connection = client or redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
    finished = 0
    try:
        for field, data in (await connection.hgetall(UNFINISHED)).items():
            message = TranscriptMessage.model_validate_json(data)
            if time.time() - datetime.fromisoformat(message.timestamp).timestamp() < STALE_SECONDS:
                continue
            finished += await _finish(connection, field, message)
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        raise TranscriptStoreError(f"{type(error).__name__} while finishing") from error
    finally:
        if client is None:
            await connection.aclose()
    return finished


async def _finish(connection: redis.Redis, field: str | bytes, message: TranscriptMessage) -> int:
    """Make an interim a final, unless another process has; returns how many it made."""
    if not await connection.hdel(UNFINISHED, field):
        return 0
    whole = message.model_copy(update={"final": True, "interrupted": True})
    await connection.xadd(STREAM_PREFIX + message.room, {"message": whole.to_json()})
    return 1
