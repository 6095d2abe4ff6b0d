"""Gives the caller to a person, by the number that the assistant's file names."""

from livekit.agents import RunContext, ToolError, llm

from agent.settings import Settings
from agent.tools.plugin import ToolKit, ToolPlugin
from agent.tools.waiting import filler_while_waiting


def _build(kit: ToolKit) -> llm.Tool:
    number = kit.settings.handover_number
    filler = kit.settings.spoken(kit.settings.filler)

    @llm.function_tool
    async def transfer_call(context: RunContext[None]) -> str:
        """Put the caller through to a person. Use it when the caller asks for one.

        Args:
            context: Of the call.
        """
        if not number:
            raise ToolError("Nobody can be reached by telephone. Say so and offer to help.")
        await context.wait_for_playout()
        async with filler_while_waiting(context, filler):
            return await kit.call.transfer(number)

    return transfer_call


def _problem(settings: Settings) -> str | None:
    if settings.handover_number.startswith(("tel:", "sip:", "sips:")) or (
        settings.handover_number.lstrip("+").replace("-", "").isalnum()
        or not settings.handover_number
    ):
        return None
    return f"AGENT_HANDOVER_NUMBER: {settings.handover_number!r} is no number"


PLUGIN = ToolPlugin("transfer_call", _build, _problem)
