"""A part that dies comes back, and the next turn works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from caller import (
    CallerSettings,
    Clip,
    ControlApi,
    Conversation,
    Turn,
    call,
    load_clips,
    score,
    stored_transcript,
)
from stack import Stack
from tests.support.processes import kill_and_wait


@asynccontextmanager
async def talking(settings: CallerSettings) -> AsyncIterator[tuple[Conversation, Clip]]:
    clip = (await load_clips(settings))[0]
    async with ControlApi(settings.api_url) as api:
        await api.wait_ready(settings.ready_timeout_s, print)
        async with call(settings, api, print) as talk:
            await talk.hear_greeting()
            yield talk, clip


async def stored_texts(redis_url: str, room: str, count: int) -> list[str]:
    """Texts in Redis, once there are so many: the agent tries again until Redis takes them."""
    stored = await stored_transcript(redis_url, room)
    for _ in range(100):
        if len(stored) >= count:
            break
        await asyncio.sleep(0.2)
        stored = await stored_transcript(redis_url, room)
    return [m.text for m in stored]


def assert_good(turn: Turn) -> None:
    assert turn.agent.text
    assert turn.clip.reference
    assert score([(turn.clip.reference, turn.heard)]).wer <= 0.25


@pytest.mark.parametrize("service", ["speech_server", "redis"])
async def test_the_call_survives_the_end_of(
    stack: Stack, caller_settings: CallerSettings, service: str
) -> None:
    async with talking(caller_settings) as (talk, clip):
        assert_good(await talk.speak(clip))
        await asyncio.to_thread(kill_and_wait, stack, service)
        assert_good(await talk.speak(clip))
        finals = [m.text for m in talk.messages if m.final]
        room = talk.room
    assert await stored_texts(caller_settings.redis_url, room, len(finals)) == finals
    async with ControlApi(caller_settings.api_url) as api:
        assert [m.text for m in await api.transcript(room)] == finals


async def test_the_next_call_works_after_the_end_of_the_agent(
    stack: Stack, caller_settings: CallerSettings
) -> None:
    await asyncio.to_thread(kill_and_wait, stack, "agent")
    async with talking(caller_settings) as (talk, clip):
        assert_good(await talk.speak(clip))
