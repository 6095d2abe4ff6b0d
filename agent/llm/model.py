"""What the agent asks of any language model beyond livekit-agents' interface."""

from abc import abstractmethod
from typing import Any

from livekit.agents import llm


class LanguageModel(llm.LLM[Any]):
    """A model of some server."""

    @abstractmethod
    async def warm(self, chat_ctx: llm.ChatContext, tools: list[llm.Tool]) -> None:
        """Let the server read a conversation's beginning, where it keeps one; never raises."""

    @abstractmethod
    async def sees(self) -> bool:
        """The model takes images."""

    @property
    @abstractmethod
    def window_tokens(self) -> int:
        """Tokens that a conversation may take."""
