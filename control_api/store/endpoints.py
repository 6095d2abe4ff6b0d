"""Webhook endpoints of other applications, and how far each has been told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import cast

from control_api.errors import ResourceNotFound
from control_api.store.redis import RedisStore

_ENDPOINTS = "trinity:endpoints"
_PROGRESS = "trinity:endpoints:progress"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are sent.

    Attributes:
        id: Ours.
        url: The address.
        types: Kinds of events, `call.*` among them; empty: all.
        secret: What messages are signed with.
        created_at: RFC 3339.
    """

    id: str
    url: str
    types: Sequence[str] = field(default_factory=list)
    secret: str = ""
    created_at: str = ""

    def wants(self, kind: str) -> bool:
        """Whether events of a kind are sent there."""
        noun = kind.partition(".")[0]
        return not self.types or kind in self.types or f"{noun}.*" in self.types


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an endpoint has been told.

    Attributes:
        cursor: Id of the last event that is done with.
        attempts: Failed attempts at the next one.
        failing_since: Unix time of the first of them; 0: none failed.
        next_try_at: Unix time before which nothing is sent.
        last_status: HTTP status of the last answer.
        detail: Why the last attempt failed.
        disabled: Why nothing is sent any more: `gone` or `failing`.
    """

    cursor: str
    attempts: int = 0
    failing_since: float = 0.0
    next_try_at: float = 0.0
    last_status: int | None = None
    detail: str = ""
    disabled: str = ""


class Endpoints:
    """The endpoints of a store."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def add(self, endpoint: Endpoint, cursor: str) -> None:
        """Keeps an endpoint that is told what comes behind `cursor`."""
        progress = json.dumps(asdict(Progress(cursor)))
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.hset(_ENDPOINTS, endpoint.id, json.dumps(asdict(endpoint)))
                pipe.hset(_PROGRESS, endpoint.id, progress)
                await pipe.execute()

    async def all(self) -> Sequence[tuple[Endpoint, Progress]]:
        """Every endpoint, the oldest first."""
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.hgetall(_ENDPOINTS)
                pipe.hgetall(_PROGRESS)
                known, told = cast("list[Mapping[str, str]]", await pipe.execute())
        found = [
            (Endpoint(**json.loads(text)), _progress(told.get(endpoint_id)))
            for endpoint_id, text in known.items()
        ]
        return sorted(found, key=lambda pair: pair[0].created_at)

    async def get(self, endpoint_id: str) -> tuple[Endpoint, Progress]:
        """One endpoint.

        Raises:
            ResourceNotFound: There is none of this id.
        """
        for endpoint, progress in await self.all():
            if endpoint.id == endpoint_id:
                return endpoint, progress
        raise ResourceNotFound("webhook")

    async def progress(self, endpoint_id: str) -> Progress | None:
        """How far an endpoint has been told; None when it was deleted."""
        with self._store.errors():
            text = await self._store.client.hget(_PROGRESS, endpoint_id)
        return None if text is None else _progress(cast("str", text))

    async def note(self, endpoint_id: str, progress: Progress) -> None:
        """Keeps how far an endpoint has been told, unless it was deleted meanwhile."""
        with self._store.errors():
            if await self._store.client.hexists(_ENDPOINTS, endpoint_id):
                await self._store.client.hset(_PROGRESS, endpoint_id, json.dumps(asdict(progress)))

    async def delete(self, endpoint_id: str) -> bool:
        """Forgets an endpoint; False when there was none."""
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.hdel(_ENDPOINTS, endpoint_id)
                pipe.hdel(_PROGRESS, endpoint_id)
                removed, _ = await pipe.execute()
        return bool(removed)


def _progress(text: str | None) -> Progress:
    return Progress("0-0") if text is None else Progress(**json.loads(text))
