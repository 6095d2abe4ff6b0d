"""Calls that we placed: what became of each, and which are not over."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from pydantic import BaseModel, Field

from control_api.errors import ResourceNotFound
from control_api.store.redis import RedisStore

_CALL = "trinity:call:{id}"
_CALLS = "trinity:calls"
_OPEN = "trinity:calls:open"
_IDEMPOTENCY = "trinity:idempotency:{key}"
_IDEMPOTENCY_S = 86_400

State = Literal["dialing", "active", "ended", "failed"]
Reason = Literal[
    "busy", "declined", "no-answer", "unknown-number", "trunk-refused", "no-sip-service", "failed"
]


class Failure(BaseModel):
    """Why a call did not come about."""

    reason: Reason = Field(description="What happened, in a word.")
    sip_status_code: int | None = Field(default=None, description="The other side's SIP status.")
    detail: str | None = Field(default=None, description="LiveKit's or the other side's words.")


class Call(BaseModel):
    """A call that we placed."""

    id: str = Field(description="Our id of the call.")
    state: State = Field(description="dialing, then active and ended, or failed.")
    trunk_id: str = Field(description="The outbound trunk.")
    to: str = Field(description="The number that is called.")
    room: str = Field(description="The room in which the other side is heard.")
    identity: str = Field(description="Identity of the other side in the room.")
    created_at: datetime = Field(description="When it was asked for.")
    answered_at: datetime | None = Field(default=None, description="When it was answered.")
    ended_at: datetime | None = Field(default=None, description="When it was over.")
    give_up_at: datetime = Field(description="When it counts as not answered at the latest.")
    failure: Failure | None = Field(default=None, description="Why it did not come about.")

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ("ended", "failed")


class CallStore:
    """The calls of a store."""

    def __init__(self, store: RedisStore, keep_s: int) -> None:
        self._store = store
        self._keep_s = keep_s

    async def add(self, call: Call) -> None:
        """Keeps a new call."""
        since = (datetime.now(UTC) - timedelta(seconds=self._keep_s)).timestamp()
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.set(_CALL.format(id=call.id), call.model_dump_json(), ex=self._keep_s)
                pipe.zadd(_CALLS, {call.id: call.created_at.timestamp()})
                pipe.zremrangebyscore(_CALLS, "-inf", since)
                pipe.sadd(_OPEN, call.id)
                await pipe.execute()

    async def get(self, call_id: str) -> Call:
        """One call.

        Raises:
            ResourceNotFound: We placed none of this id, or long ago.
        """
        with self._store.errors():
            text = await self._store.client.get(_CALL.format(id=call_id))
        if text is None:
            raise ResourceNotFound("call")
        return Call.model_validate_json(text)

    async def change(
        self, call_id: str, state: State, *, failure: Failure | None = None
    ) -> Call | None:
        """Moves a call on, once; None when it is in that state or over already."""
        async with self._store.lock(f"call:{call_id}"):
            call = await self.get(call_id)
            if call.is_over or call.state == state:
                return None
            now = datetime.now(UTC)
            stamps: Mapping[str, object] = (
                {"answered_at": now} if state == "active" else {"ended_at": now}
            )
            moved = call.model_copy(update={"state": state, "failure": failure, **stamps})
            with self._store.errors():
                async with self._store.client.pipeline(transaction=True) as pipe:
                    pipe.set(_CALL.format(id=call_id), moved.model_dump_json(), ex=self._keep_s)
                    if moved.is_over:
                        pipe.srem(_OPEN, call_id)
                    await pipe.execute()
            return moved

    async def recent(self, limit: int) -> Sequence[Call]:
        """The newest calls first."""
        with self._store.errors():
            ids = cast("list[str]", await self._store.client.zrevrange(_CALLS, 0, limit - 1))
            texts = await self._store.client.mget([_CALL.format(id=each) for each in ids] or ["-"])
        return [Call.model_validate_json(text) for text in texts if text is not None]

    async def open(self) -> Sequence[Call]:
        """The calls that are not over."""
        with self._store.errors():
            ids = cast("set[str]", await self._store.client.smembers(_OPEN))
        found = []
        for call_id in ids:
            try:
                found.append(await self.get(call_id))
            except ResourceNotFound:
                with self._store.errors():
                    await self._store.client.srem(_OPEN, call_id)
        return found

    async def claim(self, key: str, body_sha256: str, call_id: str) -> tuple[str, str] | None:
        """Ties an idempotency key to a call; the call and body hash that it is tied to already."""
        value = json.dumps([call_id, body_sha256])
        name = _IDEMPOTENCY.format(key=key)
        with self._store.errors():
            if await self._store.client.set(name, value, nx=True, ex=_IDEMPOTENCY_S):
                return None
            stored = await self._store.client.get(name)
        if stored is None:  # it ran out in between
            return await self.claim(key, body_sha256, call_id)
        first_call, first_body = json.loads(stored)
        return str(first_call), str(first_body)

    async def release(self, key: str) -> None:
        """Unties an idempotency key: the call was not placed."""
        with self._store.errors():
            await self._store.client.delete(_IDEMPOTENCY.format(key=key))
