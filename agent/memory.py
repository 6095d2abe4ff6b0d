"""A conversation that is longer than the model's window: its beginning is summed up.

Done by the model itself while nobody waits for it. What is not summed up in time is left out
(`agent.llm.messages.fit_window`); the transcript always has all of it.
"""

import structlog
from livekit.agents import Agent, AgentSession, APIError, ConversationItemAddedEvent, llm

from agent.background import BackgroundWork
from agent.llm import LanguageModel
from agent.llm.messages import estimate_tokens

log = structlog.stdlib.get_logger(__name__)

FULL = 0.6
"""Share of the window from which on the oldest turns are summed up."""
KEPT_MESSAGES = 6
"""Latest messages that stay word for word."""
SUMMARY_ID = "trinity_summary"
LONGEST_CHARACTERS = 1200
_TASK = (
    "Sum up this phone call so far in at most eighty words, for yourself. Keep names, numbers, "
    "wishes and what was agreed. Write only the summary."
)


class ConversationMemory:
    """Keeps the conversation of one call within the window.

    Args:
        session: The call's session.
        agent: Holds the conversation.
        model: Sums up.
        work: Where that is done.
    """

    def __init__(
        self,
        session: AgentSession[None],
        agent: Agent,
        model: LanguageModel,
        work: BackgroundWork,
    ) -> None:
        self._agent = agent
        self._model = model
        self._work = work
        session.on("conversation_item_added", self._on_item)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage) or item.role != "assistant" or self._work.busy:
            return
        if estimate_tokens(self._agent.chat_ctx) > FULL * self._model.window_tokens:
            self._work.start(self.sum_up(), "sum up")

    async def sum_up(self) -> None:
        """Put a summary in the place of the oldest turns."""
        items = self._agent.chat_ctx.copy().items
        cut = _beginning(items)
        old = [item for item in items[:cut] if _is_turn(item) or item.id == SUMMARY_ID]
        if not any(_is_turn(item) for item in old):
            return
        request = llm.ChatContext.empty()
        request.add_message(role="system", content=_TASK)
        request.add_message(role="user", content=_script(old, self._model.window_tokens))
        try:
            reply = await self._model.chat(chat_ctx=request).collect()
        except APIError as error:
            log.info("The conversation was not summed up", error=type(error).__name__)
            return
        if not (summary := reply.text.strip()[:LONGEST_CHARACTERS]):
            return
        gone = {item.id for item in items[:cut] if not _is_instructions(item)}
        now = self._agent.chat_ctx.copy()  # the caller may have said something meanwhile
        kept = [item for item in now.items if item.id not in gone]
        at = next((n for n, item in enumerate(kept) if not _is_instructions(item)), len(kept))
        note = llm.ChatMessage(
            id=SUMMARY_ID, role="system", content=[f"Summary of the call so far: {summary}"]
        )
        if at:
            note.created_at = kept[at - 1].created_at
        await self._agent.update_chat_ctx(llm.ChatContext([*kept[:at], note, *kept[at:]]))
        log.info("The conversation was summed up", items=len(gone))


def _is_turn(item: llm.ChatItem) -> bool:
    return isinstance(item, llm.ChatMessage) and item.role in ("user", "assistant")


def _is_instructions(item: llm.ChatItem) -> bool:
    return (
        isinstance(item, llm.ChatMessage)
        and item.role in ("system", "developer")
        and item.id != SUMMARY_ID
    )


def _beginning(items: list[llm.ChatItem]) -> int:
    """Where the part that stays begins: at a word of the caller's, so that no tool call is torn."""
    turns = 0
    for position in range(len(items) - 1, -1, -1):
        turns += _is_turn(items[position])
        item = items[position]
        if turns >= KEPT_MESSAGES and isinstance(item, llm.ChatMessage) and item.role == "user":
            return position
    return 0


def _script(items: list[llm.ChatItem], window_tokens: int) -> str:
    names = {"user": "Caller", "assistant": "You", "system": "Before"}
    lines = [
        f"{names[item.role]}: {item.text_content}"
        for item in items
        if isinstance(item, llm.ChatMessage) and item.role in names and item.text_content
    ]
    text = "\n".join(lines)
    return text[-2 * window_tokens :]  # about two thirds of the window, the latest of it
