"""What a tool is made of and from; docs/tools.md tells how to add one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx
from livekit.agents import llm

from agent.settings import Settings


class CallActions(Protocol):
    """What a tool can do to the call that it is used in.

    Each of them but `hang_up` raises `livekit.agents.ToolError`, worded for the model, when it
    cannot be done.
    """

    async def hang_up(self) -> None:
        """End the call for everybody, now."""

    async def transfer(self, to: str) -> str:
        """Give the caller to another number; returns what the model is told."""

    async def call_in(self, number: str) -> str:
        """Bring somebody into the call by telephone; returns what the model is told."""

    async def send_text(self, text: str) -> None:
        """Write into the call's chat."""


@dataclass(frozen=True)
class ToolKit:
    """What a tool is built from.

    Attributes:
        settings: Of the call: the agent's, with what the assistant's file says in their place.
        http: Client of the call, which closes it; without the environment's proxy.
        call: Acts on the call.
    """

    settings: Settings
    http: httpx.AsyncClient
    call: CallActions


def _no_problem(_: Settings) -> str | None:
    return None


@dataclass(frozen=True)
class ToolPlugin:
    """One tool; its module names it `PLUGIN`.

    Attributes:
        name: What assistants' files and AGENT_TOOLS call it; the name that the model sees too.
        build: Makes it for a call; must be quick.
        problem: Tells, when the worker starts, why it cannot work with the settings, if so.
    """

    name: str
    build: Callable[[ToolKit], llm.Tool]
    problem: Callable[[Settings], str | None] = _no_problem
