"""Writes into the call's chat: what is better read than heard."""

from livekit.agents import ToolError, llm

from agent.tools.plugin import ToolKit, ToolPlugin

MAX_CHARACTERS = 4000


def _build(kit: ToolKit) -> llm.Tool:
    @llm.function_tool
    async def send_text_message(text: str) -> str:
        """Write a text message to the caller, such as a link, a number or an address.

        Args:
            text: The message.
        """
        if not text.strip():
            raise ToolError("The message is empty.")
        await kit.call.send_text(text.strip()[:MAX_CHARACTERS])
        return "The message is on the caller's screen."

    return send_text_message


PLUGIN = ToolPlugin("send_text_message", _build)
