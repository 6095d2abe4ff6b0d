"""A room's transcript as it lies in Redis.

The one module of this package that imports `redis`.
"""

import redis.asyncio
from redis.exceptions import RedisError

from caller.errors import ApiError
from caller.messages import TranscriptMessage, parse_message

__all__ = ["stored_transcript"]

_TIMEOUT_S = 5.0


async def stored_transcript(redis_url: str, room: str) -> list[TranscriptMessage]:
    """Messages of `trinity:transcript:{room}` in the stream's order.

    Raises:
        ApiError: Redis does not answer, or an entry is not a transcript message.
    """
    client = redis.asyncio.from_url(
        redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
    )
    try:
        entries = await client.xrange(f"trinity:transcript:{room}")
    except RedisError as error:
        raise ApiError(f"Redis at {redis_url}: {error}") from error
    finally:
        await client.aclose()
    messages = []
    for entry_id, fields in entries or []:
        message = parse_message((fields or {}).get(b"message", b""))
        if message is None:
            raise ApiError(f"entry {entry_id!r} of the room's stream is not a transcript message")
        messages.append(message)
    return messages
