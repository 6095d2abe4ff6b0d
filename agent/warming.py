"""Lets the model read the prompt while the caller still speaks.

Servers keep what they have read of a prompt's beginning. The conversation and the words so far are
that beginning, so that at the end of the turn only the last words are left to be read.
"""

from collections.abc import Callable

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    llm,
)

from agent.background import BackgroundWork
from agent.llm import LanguageModel

Prompt = Callable[[], tuple[llm.ChatContext, list[llm.Tool]]]


class PromptWarmer:
    """Watches what the caller says.

    Args:
        session: The call's session.
        model: Reads.
        prompt: Gives the conversation so far, and the tools.
        work: Where the reading is done.
        words: New words after which the model reads again; 0 never does.
    """

    def __init__(
        self,
        session: AgentSession[None],
        model: LanguageModel,
        prompt: Prompt,
        work: BackgroundWork,
        words: int,
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._work = work
        self._words = words
        self._finals: list[str] = []
        self._read = 0
        if words:
            session.on("user_input_transcribed", self._on_words)
            session.on("conversation_item_added", self._on_item)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "user":
            self._finals, self._read = [], 0

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._finals.append(event.transcript)
            return
        text = " ".join([*self._finals, event.transcript]).strip()
        count = len(text.split())
        # A read that is under way is not thrown away for a few words more.
        if count - self._read < self._words or self._work.busy:
            return
        self._read = count
        self._work.start(self._warm(text), "warm the prompt")

    async def _warm(self, text: str) -> None:
        chat_ctx, tools = self._prompt()
        # The last word may still change, and a token may join two.
        chat_ctx.add_message(role="user", content=text.rsplit(" ", 1)[0])
        await self._model.warm(chat_ctx, tools)
