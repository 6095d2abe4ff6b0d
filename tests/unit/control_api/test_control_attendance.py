"""Callers whom no agent answers: whose agent is dispatched anew, and whose is not."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import api
from livekit.protocol import agent

from control_api import Settings, attendance
from control_api.attendance import Attendance
from control_api.errors import ResourceNotFound
from control_api.journal import Journal
from control_api.livekit import Dispatches, Participant, Webhook, dispatches
from control_api.store import EventLog, Presence, RedisStore
from control_api.telemetry import Telemetry

ROOM, SID = "call", "RM_1"


class LiveKit:
    """LiveKit's rooms and dispatches, as far as attendance asks for them."""

    def __init__(self) -> None:
        self.api = self.agent_dispatch = self
        self.kinds: list[str] = ["sip"]
        self.is_open = True
        self.found: list[api.AgentDispatch] = []
        self.deleted: list[str] = []

    def dispatch(self, *, age_s: float, given_s: float | None = None) -> None:
        now = time.time()
        state = api.AgentDispatchState(created_at=int((now - age_s) * 1e9))
        if given_s is not None:
            started = agent.JobState(started_at=int((now - given_s) * 1e9))
            state.jobs.append(agent.Job(state=started))
        self.found = [
            api.AgentDispatch(id="AD_1", agent_name="trinity", metadata="m", state=state),
            api.AgentDispatch(id="AD_0", state=state),  # of agents that join every room
        ]

    async def call(self, _: str, __: str, make: Callable[[], Awaitable[Any]], **___: Any) -> Any:
        return await make()

    async def get(self, name: str) -> None:
        if not self.is_open:
            raise ResourceNotFound("room")

    async def participants(self, name: str) -> list[Any]:
        await self.get(name)
        return [SimpleNamespace(kind=kind) for kind in self.kinds]

    async def list_dispatch(self, room: str) -> list[api.AgentDispatch]:
        return self.found

    async def delete_dispatch(self, dispatch_id: str, room: str) -> None:
        self.deleted.append(dispatch_id)
        self.found = [each for each in self.found if each.id != dispatch_id]

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> None:
        made = api.AgentDispatch(
            id="AD_2",
            agent_name=request.agent_name,
            metadata=request.metadata,
            attributes=request.attributes,
            state=api.AgentDispatchState(created_at=time.time_ns()),
        )
        self.found.append(made)


@pytest.fixture
async def store(settings: Settings, redis: Any) -> AsyncIterator[RedisStore]:
    store = RedisStore.open(settings, Telemetry())
    yield store
    await store.aclose()


@pytest.fixture
def presence(store: RedisStore) -> Presence:
    return Presence(store)


@pytest.fixture
def livekit() -> LiveKit:
    return LiveKit()


@pytest.fixture
def watch(presence: Presence, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch) -> Attendance:
    monkeypatch.setattr(attendance, "PATIENCE_S", 0.0)
    fake: Any = livekit
    return Attendance(presence, fake, Dispatches(fake, fake), Telemetry())


async def join(presence: Presence, kind: str) -> None:
    await presence.join(f"PA_{kind}", room=ROOM, room_sid=SID, identity=kind, kind=kind)


async def test_a_caller_whom_no_worker_took_is_offered_again(
    watch: Attendance, presence: Presence, livekit: LiveKit
) -> None:
    livekit.dispatch(age_s=30)
    await join(presence, "sip")
    assert await watch.look() == 1
    assert livekit.deleted == ["AD_1"]
    (made,) = (each for each in livekit.found if each.agent_name)
    assert (made.agent_name, made.metadata, dict(made.attributes)) == ("trinity", "m", {})
    assert await watch.look() == 0  # LiveKit is asking the workers


async def test_a_caller_whose_agent_was_lost_gets_one_that_goes_on(
    watch: Attendance, presence: Presence, livekit: LiveKit
) -> None:
    livekit.dispatch(age_s=99, given_s=98)
    await join(presence, "standard")
    await presence.note_agent(SID, "lost")
    assert await watch.look() == 1
    assert dict(livekit.found[-1].attributes) == {"trinity.resumed": "true"}


@pytest.mark.parametrize("state", ["left", "here"])
async def test_an_agent_that_left_is_not_brought_back(
    watch: Attendance, presence: Presence, livekit: LiveKit, state: Any
) -> None:
    livekit.dispatch(age_s=99, given_s=98)
    await join(presence, "sip")
    await presence.note_agent(SID, state)
    if state == "here":
        await join(presence, "agent")
    assert await watch.look() == 0
    assert livekit.deleted == []


async def test_an_agent_on_its_way_is_waited_for(
    watch: Attendance, presence: Presence, livekit: LiveKit
) -> None:
    await join(presence, "sip")
    livekit.dispatch(age_s=10, given_s=8)
    assert await watch.look() == 0
    assert livekit.deleted == []


async def test_a_caller_who_has_just_come_waits(
    watch: Attendance, presence: Presence, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "PATIENCE_S", 60.0)
    livekit.dispatch(age_s=30)
    await join(presence, "sip")
    assert await watch.look() == 0


@pytest.mark.parametrize("what", ["people only", "closed", "an agent after all", "no caller"])
async def test_nobody_is_sent_where_nobody_is_needed(
    watch: Attendance, presence: Presence, livekit: LiveKit, what: str
) -> None:
    await join(presence, "egress" if what == "no caller" else "sip")
    if what != "people only":
        livekit.dispatch(age_s=30)
    livekit.is_open = what != "closed"
    if what == "an agent after all":
        livekit.kinds.append("agent")
    assert await watch.look() == 0
    assert livekit.deleted == []


def told(kind: str, reason: str = "") -> Webhook:
    who = Participant(
        identity="agent-1",
        sid="PA_1",
        name="",
        kind="agent",
        state="active",
        joined_at=datetime.now(UTC),
        metadata="",
        attributes={},
        tracks=[],
    )
    return Webhook(kind, kind, datetime.now(UTC), ROOM, SID, who, reason=reason)


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("CLIENT_INITIATED", "left"),
        ("PARTICIPANT_REMOVED", "left"),
        ("", "left"),  # not told: better nobody than one too many
        ("SIGNAL_CLOSE", "lost"),
        ("CONNECTION_TIMEOUT", "lost"),
    ],
)
async def test_what_became_of_the_agent_is_noted(
    store: RedisStore, presence: Presence, reason: str, state: str
) -> None:
    class Calls:
        async def participant_left(self, identity: str) -> None: ...

    nothing: Any = None
    calls: Any = Calls()
    journal = Journal(EventLog(store, 100), presence, nothing, calls, Telemetry())
    assert await presence.agent_state(SID) == "never"
    await journal.receive(told("participant_joined"))
    assert await presence.agent_state(SID) == "here"
    await journal.receive(told("participant_left", reason))
    assert await presence.agent_state(SID) == state
    await presence.close_room(SID)
    assert await presence.agent_state(SID) == "never"


def test_the_patience_is_longer_than_livekit_asks() -> None:
    assert attendance.PATIENCE_S > dispatches._ASK_S
    assert attendance.AGAIN_S > dispatches._ASK_S
