"""Calls whose process died: another agent comes, and knows what was said."""

from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from livekit import api
from livekit.agents import Agent
from livekit.protocol import agent, models

from agent import restarts
from agent.restarts import MOST, CallRestarts
from agent.resume import RESUMED, has_begun, is_resumed, is_unanswered, remember
from agent.transcripts import TranscriptMessage

DEAD = "agent-dead"
KIND = models.ParticipantInfo.Kind


class LiveKit:
    """LiveKit's API, as far as a restart asks it."""

    def __init__(self, **kinds: int) -> None:
        self.room = self.agent_dispatch = self
        self.kinds = {name.replace("_", "-"): kind for name, kind in kinds.items()}
        self.failures: list[Exception] = []
        self.done: list[Any] = []

    async def list_participants(self, _: api.ListParticipantsRequest) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        found = [SimpleNamespace(identity=who, kind=kind) for who, kind in self.kinds.items()]
        return SimpleNamespace(participants=found)

    async def remove_participant(self, request: api.RoomParticipantIdentity) -> None:
        self.done.append(("remove", request.identity))

    async def delete_dispatch(self, dispatch: str, room: str) -> None:
        self.done.append(("delete", dispatch))
        raise api.ServerError("not_found", "no such dispatch", status=404)

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> None:
        self.done.append(request)


def job(room: str = "r") -> agent.Job:
    return agent.Job(
        id="AJ_1",
        dispatch_id="AD_1",
        room=models.Room(name=room),
        agent_name="trinity",
        metadata='{"assistant": "reception"}',
        attributes={"tenant": "a"},
    )


async def restarted(livekit: LiveKit, by: CallRestarts | None = None, room: str = "r") -> bool:
    client: Any = livekit
    return await (by or CallRestarts()).restart(client, job(room), DEAD)


async def test_another_agent_comes_in_place_of_the_dead_one() -> None:
    livekit = LiveKit(agent_dead=KIND.AGENT, ann=KIND.SIP)
    assert await restarted(livekit)
    removed, deleted, made = livekit.done
    assert (removed, deleted) == (("remove", DEAD), ("delete", "AD_1"))
    assert (made.agent_name, made.room, made.metadata) == ("trinity", "r", job().metadata)
    assert dict(made.attributes) == {"tenant": "a", RESUMED: "true"}
    assert is_resumed(agent.Job(attributes=made.attributes))
    assert not is_resumed(job())


@pytest.mark.parametrize(
    "there",
    [{"agent_dead": KIND.AGENT}, {"ann": KIND.STANDARD}, {}],
    ids=["no caller", "left by itself", "nobody"],
)
async def test_none_comes_where_none_is_needed(there: dict[str, int]) -> None:
    livekit = LiveKit(**there)
    assert not await restarted(livekit)
    assert livekit.done == []


async def test_none_comes_into_a_room_that_is_closed() -> None:
    livekit = LiveKit(agent_dead=KIND.AGENT, ann=KIND.SIP)
    livekit.failures = [api.ServerError("not_found", "no such room", status=404)]
    assert not await restarted(livekit)
    assert livekit.done == []


async def test_livekit_is_asked_again_while_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "RETRY_SECONDS", 0.01)
    livekit = LiveKit(agent_dead=KIND.AGENT, ann=KIND.STANDARD)
    livekit.failures = [aiohttp.ClientConnectionError(), TimeoutError()]
    assert await restarted(livekit)
    livekit.failures = [OSError()] * 99
    assert not await restarted(livekit)


async def test_a_call_that_dies_again_and_again_is_left_alone() -> None:
    livekit, by = LiveKit(agent_dead=KIND.AGENT, ann=KIND.STANDARD), CallRestarts()
    assert [await restarted(livekit, by) for _ in range(MOST + 1)] == [True] * MOST + [False]
    assert await restarted(livekit, by, "another")


def message(speaker: Any, text: str, *, interrupted: bool = False) -> TranscriptMessage:
    return TranscriptMessage(
        speaker=speaker,
        text=text,
        interrupted=interrupted,
        timestamp="2026-01-01T00:00:00.000Z",
        room="r",
        participant="",
        turn_id="t",
        sequence=1,
        final=True,
    )


HELLO, ASKED = message("agent", "Hello."), message("user", "How late is it?")
ANSWERED, CUT = message("agent", "Nine."), message("agent", "It is", interrupted=True)


@pytest.mark.parametrize(
    ("said", "begun", "unanswered", "remembered"),
    [
        ([], False, False, []),
        ([HELLO], False, False, ["Hello."]),
        ([message("agent", "Hel", interrupted=True)], False, False, []),
        ([HELLO, ASKED], True, True, ["Hello.", "How late is it?"]),
        ([HELLO, ASKED, CUT], True, True, ["Hello.", "How late is it?"]),
        ([HELLO, ASKED, ANSWERED], True, False, ["Hello.", "How late is it?", "Nine."]),
    ],
)
async def test_the_new_agent_knows_what_was_said(
    said: list[TranscriptMessage], begun: bool, unanswered: bool, remembered: list[str]
) -> None:
    assistant = Agent(instructions="Be kind.")
    await remember(assistant, said)
    assert (has_begun(said), is_unanswered(said)) == (begun, unanswered)
    items = [item for item in assistant.chat_ctx.items if item.type == "message"]
    turns = [item.text_content for item in items if item.role in ("user", "assistant")]
    assert turns == remembered
