"""Who is where, as far as we have told: what turns notices and looks into events, each once.

Notices come twice, late, in any order or not at all. An opening of a room and a stay of a
participant have ids of their own (sids), so each transition is a change of one hash field, which
Redis makes exactly once however many of us try.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from control_api.store.redis import RedisStore

_ROOMS = "trinity:presence:rooms"
_STAYS = "trinity:presence:stays"
_GONE = "trinity:presence:gone:{sid}"
_TURN = "trinity:presence:turn"
_AGENTS = "trinity:presence:agents"
_ASKED = "trinity:presence:asked:{sid}"
# Longer than any notice is late.
_GONE_S = 3600


AgentState = Literal["never", "here", "left", "lost"]
"""Of a room's agent: lost, when its connection broke."""


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """An opening of a room; `noted_at` is the Unix time of our own note."""

    name: str
    noted_at: float


@dataclass(frozen=True, slots=True)
class Stay:
    """A participant's stay in a room; `noted_at` is the Unix time of our own note."""

    room: str
    room_sid: str
    identity: str
    kind: str
    noted_at: float


class Presence:
    """The rooms and stays of a store; every method says whether it changed something."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def rooms(self) -> Mapping[str, OpenRoom]:
        """Open rooms by sid."""
        with self._store.errors():
            found = cast("dict[str, str]", await self._store.client.hgetall(_ROOMS))
        return {sid: OpenRoom(**json.loads(text)) for sid, text in found.items()}

    async def stays(self) -> Mapping[str, Stay]:
        """Stays by sid."""
        with self._store.errors():
            found = cast("dict[str, str]", await self._store.client.hgetall(_STAYS))
        return {sid: Stay(**json.loads(text)) for sid, text in found.items()}

    async def open_room(self, sid: str, name: str) -> bool:
        """Notes an opening; False when it is known, or over already."""
        return await self._note(_ROOMS, sid, json.dumps(asdict(OpenRoom(name, time.time()))))

    async def close_room(self, sid: str) -> OpenRoom | None:
        """Notes an end; None when it was not open."""
        text = await self._end(_ROOMS, sid)
        with self._store.errors():
            await self._store.client.hdel(_AGENTS, sid)
        return None if text is None else OpenRoom(**json.loads(text))

    async def join(self, sid: str, *, room: str, room_sid: str, identity: str, kind: str) -> bool:
        """Notes a stay; False when it is known, or over already."""
        stay = Stay(room, room_sid, identity, kind, time.time())
        return await self._note(_STAYS, sid, json.dumps(asdict(stay)))

    async def leave(self, sid: str) -> Stay | None:
        """Notes the end of a stay; None when it was not known."""
        text = await self._end(_STAYS, sid)
        return None if text is None else Stay(**json.loads(text))

    async def is_gone(self, sid: str) -> bool:
        """Whether we have noted the end of this opening or stay."""
        with self._store.errors():
            return bool(await self._store.client.exists(_GONE.format(sid=sid)))

    async def note_agent(self, room_sid: str, state: AgentState) -> None:
        """Notes what became of the agent in an opening of a room."""
        with self._store.errors():
            await self._store.client.hset(_AGENTS, room_sid, state)

    async def agent_state(self, room_sid: str) -> AgentState:
        """What became of the agent in an opening of a room."""
        with self._store.errors():
            found = await self._store.client.hget(_AGENTS, room_sid)
        return cast("AgentState", found or "never")

    async def may_ask(self, room_sid: str, seconds: int) -> bool:
        """Whether an agent may be asked for; then not again for `seconds`, by any process."""
        with self._store.errors():
            key = _ASKED.format(sid=room_sid)
            return bool(await self._store.client.set(key, "1", nx=True, ex=seconds))

    async def take_turn(self, seconds: float) -> bool:
        """Whether it is this process's turn to look; the next turn is after `seconds`."""
        with self._store.errors():
            milliseconds = max(1, int(seconds * 1000))
            return bool(await self._store.client.set(_TURN, "1", nx=True, px=milliseconds))

    async def _note(self, key: str, sid: str, text: str) -> bool:
        if await self.is_gone(sid):
            return False
        with self._store.errors():
            return bool(await self._store.client.hsetnx(key, sid, text))

    async def _end(self, key: str, sid: str) -> str | None:
        with self._store.errors():
            async with self._store.client.pipeline(transaction=True) as pipe:
                pipe.hget(key, sid)
                pipe.hdel(key, sid)
                pipe.set(_GONE.format(sid=sid), "1", ex=_GONE_S)
                text, removed, _ = await pipe.execute()
        return cast("str", text) if removed else None
