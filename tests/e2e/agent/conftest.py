"""Calls with the stack's real agent and a scripted model."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.agent.scene import Scene
from bench.scripted_ollama import Reply, ScriptedOllama
from stack import Stack


@pytest.fixture
async def scene(stack: Stack, agents_dir: Path) -> AsyncIterator[Scene]:
    ollama = ScriptedOllama(lambda _: Reply("Very well.", first_token_s=0.1, rate=30))
    await ollama.start()
    await asyncio.to_thread(stack.wait_ready)
    yield Scene(stack, agents_dir, ollama)
    await ollama.stop()
