"""One pool of Redis connections, with our time-outs, errors and measurements."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from control_api.errors import (
    NeighbourError,
    NeighbourRefused,
    NeighbourTimeout,
    NeighbourUnavailable,
)
from control_api.settings import Settings
from control_api.telemetry import Telemetry

PART = "redis"
_LOCK_S = 10.0
_LOCK_WAIT_S = 5.0


class RedisStore:
    """The pool; connects when it is first used, and again whenever Redis went away."""

    def __init__(self, client: Redis, telemetry: Telemetry) -> None:
        self.client = client
        self._telemetry = telemetry

    @classmethod
    def open(cls, settings: Settings, telemetry: Telemetry) -> "RedisStore":
        """A store on the Redis of the settings; nothing is connected yet.

        Raises:
            ValueError: `REDIS_URL` is not an address.
        """
        client = Redis.from_url(
            settings.redis_url.get_secret_value(),
            decode_responses=True,
            socket_connect_timeout=settings.redis_timeout_s,
            socket_timeout=settings.redis_timeout_s,
            # Once, at once: enough for a pooled connection that a restart of Redis cut.
            retry=Retry(ConstantBackoff(0.05), retries=1),
            retry_on_error=[exceptions.ConnectionError],
        )
        return cls(client, telemetry)

    async def check(self) -> None:
        """Asks Redis whether it is there.

        Raises:
            NeighbourError: It is not, or it refuses us.
        """
        with self.errors():
            await self.client.ping()

    async def aclose(self) -> None:
        """Closes the pool."""
        await self.client.aclose()

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Holds a lock that all processes share; it opens by itself after ten seconds.

        Raises:
            NeighbourTimeout: Another one held it for too long.
        """
        lock = self.client.lock(
            f"trinity:lock:{name}", timeout=_LOCK_S, blocking_timeout=_LOCK_WAIT_S, sleep=0.02
        )
        with self.errors():
            held = await lock.acquire()
        if not held:
            raise NeighbourTimeout(PART, "Another request holds the same thing.")
        try:
            yield
        finally:
            with self.errors(), suppress(exceptions.LockError):  # it ran out meanwhile
                await lock.release()

    @asynccontextmanager
    async def try_lock(self, name: str, hold_s: float) -> AsyncIterator[bool]:
        """Holds a lock that all processes share, or says at once that another one has it."""
        lock = self.client.lock(f"trinity:lock:{name}", timeout=hold_s, blocking=False)
        with self.errors():
            held = await lock.acquire()
        try:
            yield held
        finally:
            if held:
                with self.errors(), suppress(exceptions.LockError):  # it ran out meanwhile
                    await lock.release()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns the library's errors into ours."""
        try:
            yield
        except (exceptions.RedisError, OSError, TimeoutError) as error:
            reason, ours = _translate(error)
            self._telemetry.redis_errors.labels(reason).inc()
            raise ours from error


def _translate(error: Exception) -> tuple[str, NeighbourError]:
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return "refused", NeighbourRefused(PART, "Redis refused our credentials.")
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return "timeout", NeighbourTimeout(PART, "Redis did not answer in time.")
    if isinstance(error, exceptions.BusyLoadingError):
        return "loading", NeighbourUnavailable(PART, "Redis is loading its data.")
    if isinstance(error, exceptions.ConnectionError | OSError):
        return "unavailable", NeighbourUnavailable(PART, "Redis cannot be reached.")
    return "refused", NeighbourRefused(PART, "Redis refused a command.")
