"""Brings somebody into the call by telephone."""

import re

from livekit.agents import RunContext, ToolError, llm

from agent.tools.plugin import ToolKit, ToolPlugin
from agent.tools.waiting import filler_while_waiting

_NUMBER = re.compile(r"\+?[0-9]{3,20}")


def _build(kit: ToolKit) -> llm.Tool:
    filler = kit.settings.spoken(kit.settings.filler)

    @llm.function_tool
    async def add_participant(context: RunContext[None], phone_number: str) -> str:
        """Call somebody and bring them into this call.

        Args:
            context: Of the call.
            phone_number: Their telephone number with its country code, such as "+15550100".
        """
        number = re.sub(r"[\s().-]", "", phone_number)
        if not _NUMBER.fullmatch(number):
            raise ToolError("That is no telephone number. Ask for the number.")
        async with filler_while_waiting(context, filler):
            return await kit.call.call_in(number)

    return add_participant


PLUGIN = ToolPlugin("add_participant", _build)
