"""Ends the call, once goodbye has been said."""

import asyncio

from livekit.agents import RunContext, llm
from livekit.agents.voice import SpeechHandle

from agent.tools.plugin import ToolKit, ToolPlugin


def _build(kit: ToolKit) -> llm.Tool:
    endings: set[asyncio.Task[None]] = set()

    def when_said(speech: SpeechHandle) -> None:
        if speech.interrupted:
            return  # the caller has more to say
        ending = asyncio.create_task(kit.call.hang_up(), name="hang up")
        endings.add(ending)
        ending.add_done_callback(endings.discard)

    @llm.function_tool
    async def end_call(context: RunContext[None]) -> str:
        """End the call. Use it only when the caller has said that they are done.

        Args:
            context: Of the call.
        """
        context.speech_handle.add_done_callback(when_said)
        return "The call ends after your next sentence. Say goodbye in one short sentence."

    return end_call


PLUGIN = ToolPlugin("end_call", _build)
