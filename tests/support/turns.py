"""Turns as tests: each takes real time and little work, so several are held at once."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

AT_ONCE = 6

Turn = Callable[[], Awaitable[None]]


def turns_into(turns: dict[str, Turn]) -> Callable[[Turn], Turn]:
    """Make the decorator that makes a test of a function.

    Figures are loose in such tests, as CI machines are busy; `bench` has them.
    """

    def turn(function: Turn) -> Turn:
        turns[function.__name__] = function
        return function

    return turn


def held_at_once(turns: dict[str, Turn]) -> Any:
    """Make the fixture that holds the turns of a module which are wanted."""

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def held(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
        limit = asyncio.Semaphore(AT_ONCE)

        async def hold(function: Turn) -> None:
            async with limit:
                await function()

        wanted = {
            item.callspec.params.get("name")
            for item in request.session.items
            if isinstance(item, pytest.Function)
            and item.path == request.path
            and hasattr(item, "callspec")
        }
        tasks = {name: asyncio.create_task(hold(turns[name])) for name in turns if name in wanted}
        yield tasks
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        # livekit-agents never asks how a failed `say` ended. Told here, as a later garbage
        # collection would tell it in the middle of something, such as a parse, which Python 3.11
        # does not bear.
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_pass_over_say)
        gc.collect()
        loop.set_exception_handler(None)

    return held


def _pass_over_say(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    future = context.get("future")
    if not (isinstance(future, asyncio.Task) and future.get_name() == "AgentActivity.tts_say"):
        loop.default_exception_handler(context)
