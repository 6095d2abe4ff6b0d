"""A word to the caller while a tool takes long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit.agents import RunContext

FILLER_SECONDS = 0.8


@asynccontextmanager
async def filler_while_waiting(context: RunContext[None], filler: str) -> AsyncIterator[None]:
    """Say a filler when what runs inside takes long; empty says nothing."""
    if not filler:
        yield
        return
    async with context.with_filler(filler, delay=FILLER_SECONDS):
        yield
