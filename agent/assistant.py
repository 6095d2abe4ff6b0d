"""The assistant: what it is told, and how it answers."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from livekit import rtc
from livekit.agents import Agent, FlushSentinel, ModelSettings, StopResponse, llm, stt

from agent.overlap import OverlapFilter
from agent.replies import ReplyGuard
from agent.settings import Settings
from agent.vision import show


def reply_guard(settings: Settings) -> ReplyGuard:
    """Take the guard's words and times from the settings."""
    return ReplyGuard(
        apology=settings.spoken(settings.apology),
        filler=settings.spoken(settings.filler),
        filler_s=settings.filler_seconds,
        give_up_s=max(settings.llm_give_up_seconds, settings.filler_seconds),
        asides=frozenset(
            map(settings.spoken, (settings.not_heard, settings.speech_lost, settings.resumed))
        ),
    )


class Assistant(Agent):
    """Trinity, or whatever the owner calls her.

    Args:
        instructions: System prompt.
        tools: What she can do besides talk.
        guard: Speaks when the model does not.
        overlap: Judges what the caller says over her.
        look: Gives the frame that the model is shown; None shows none.
        before_reply: Called when she is about to ask the model; must return at once.
    """

    def __init__(
        self,
        instructions: str,
        tools: list[llm.Tool],
        guard: ReplyGuard,
        overlap: OverlapFilter,
        look: Callable[[], Awaitable[rtc.VideoFrame | None]] | None = None,
        before_reply: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(instructions=instructions, tools=list(tools))
        self._guard = guard
        self._overlap = overlap
        self._look = look
        self._before_reply = before_reply
        self._held: Callable[[str], None] | None = None

    def hold_turns(self, take: Callable[[str], None] | None) -> None:
        """Give the caller's turns to a function, and answer none; None answers them again."""
        self._held = take

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """Leave a turn unanswered while turns are held."""
        if self._held is not None:
            self._held(new_message.text_content or "")
            raise StopResponse

    def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterable[stt.SpeechEvent]:
        """Recognise, without what is no interruption."""
        return self._overlap.filter(Agent.default.stt_node(self, audio, model_settings))

    def prompt(self) -> llm.ChatContext:
        """The conversation as the model would be shown it now."""
        chat_ctx = self.chat_ctx.copy()
        self._guard.forget(chat_ctx)
        return chat_ctx

    def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncIterable[llm.ChatChunk | str | FlushSentinel]:
        """Ask the model, guarded."""
        self._before_reply()
        self._guard.forget(chat_ctx)
        return self._guard.watch(self._ask(chat_ctx, tools, model_settings))

    async def _ask(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncIterator[llm.ChatChunk | str | FlushSentinel]:
        if self._look is not None and (frame := await self._look()):
            show(chat_ctx, frame)
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk
