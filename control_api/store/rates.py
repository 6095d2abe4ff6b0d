"""How often somebody asks: a token bucket for each, in Redis, so that all processes share it.

The bucket is one number, the time at which it is full again (the generic cell rate algorithm).
"""

from dataclasses import dataclass
from math import ceil
from typing import Any, cast

from control_api.store.redis import RedisStore

_KEY = "trinity:rate:{subject}"
# ARGV: window in microseconds, microseconds a request. Redis' own clock: processes' may differ.
_TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)
if full_at < now then full_at = now end
local window, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local taken = full_at + cost
if taken - now > window then
  return {0, string.format('%.0f', full_at - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', taken), 'PX', math.ceil((taken - now) / 1000) + 1)
return {1, string.format('%.0f', taken - now)}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left to somebody.

    Attributes:
        allowed: Whether this request may pass.
        limit: Requests in a window.
        window_s: Seconds of a window.
        remaining: Requests that may follow at once.
        reset_s: Seconds until the bucket is full again.
        retry_after_s: Seconds until one more request may pass; 0 when it may now.
    """

    allowed: bool
    limit: int
    window_s: int
    remaining: int
    reset_s: int
    retry_after_s: int


class Rates:
    """The buckets of a store."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._take = store.client.register_script(_TAKE)

    async def take(self, subject: str, limit: int, window_s: int) -> Rate:
        """Takes one request out of somebody's bucket.

        Args:
            subject: Whose, with the kind of limit.
            limit: Requests in a window; as many may come at once.
            window_s: Seconds.
        """
        window, cost = window_s * 1_000_000, window_s * 1_000_000 // limit
        with self._store.errors():
            reply = await self._take(keys=[_KEY.format(subject=subject)], args=[window, cost])
        allowed, until_full = cast("list[Any]", reply)
        owed = int(until_full)
        return Rate(
            allowed=bool(allowed),
            limit=limit,
            window_s=window_s,
            remaining=max(0, (window - owed) // cost),
            reset_s=ceil(owed / 1_000_000),
            retry_after_s=0 if allowed else max(1, ceil((owed + cost - window) / 1_000_000)),
        )
