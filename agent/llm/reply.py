"""A model's streamed reply, whatever its protocol, as livekit-agents takes it.

What must not be spoken is taken out on the way: thinking, tool calls that were written as text,
and the broken end of a reply that was cut at its longest length.
"""

from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from livekit.agents import APIConnectOptions, llm, utils
from livekit.agents.llm import utils as llm_utils

from agent.llm.ending import EndingFilter
from agent.llm.errors import ModelResponseError, to_api_error
from agent.llm.leaks import LeakFilter

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Piece:
    """The next piece of a reply.

    Attributes:
        text: Its words, if any.
        calls: Whole tool calls.
        done: It is the last one.
        cut: The reply was stopped at its longest length.
        usage: Tokens, where told.
    """

    text: str = ""
    calls: list[llm.FunctionToolCall] = field(default_factory=list)
    done: bool = False
    cut: bool = False
    usage: llm.CompletionUsage | None = None


class ReplyStream(llm.LLMStream):
    """One reply.

    Args:
        owner: The model.
        chat_ctx: The conversation.
        tools: Tools that may be offered.
        conn_options: How often the framework tries again.
        may_call_tools: False: the model must answer in words.
        longest_tokens: Length at which the model is stopped, in tokens.
    """

    def __init__(
        self,
        owner: llm.LLM[Any],
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
        may_call_tools: bool,
        longest_tokens: int,
    ) -> None:
        self._may_call_tools = may_call_tools
        self._longest_tokens = longest_tokens
        self._passed_on = False
        self._offered: set[str] = set()
        super().__init__(owner, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)

    @abstractmethod
    def _pieces(self) -> AsyncIterator[Piece]:
        """Ask the model, and give its reply; fills `_offered` before the first piece."""

    async def _run(self) -> None:
        try:
            await self._reply()
        except (httpx.HTTPError, httpx.StreamError, ModelResponseError, ValueError) as error:
            raise to_api_error(error, retryable=not self._passed_on) from error

    async def _reply(self) -> None:
        request_id = utils.shortuuid("llm_")
        thinking = llm_utils.ThinkingTokenFilter()
        leaks: LeakFilter | None = None
        ending = EndingFilter(self._longest_tokens)
        done = False

        def pass_on(text: str, calls: list[llm.FunctionToolCall]) -> None:
            if calls and not self._may_call_tools:
                calls = []
            if not text and not calls:
                return
            self._passed_on = True
            delta = llm.ChoiceDelta(role="assistant", content=text or None, tool_calls=calls)
            self._event_ch.send_nowait(llm.ChatChunk(id=request_id, delta=delta))

        async for piece in self._pieces():
            leaks = leaks or LeakFilter(self._offered)
            done = piece.done
            heard = llm_utils.strip_thinking_tokens(piece.text or None, thinking, final=done)
            pass_on(ending.feed(leaks.feed(heard)) if heard else "", piece.calls)
            if not done:
                continue
            rest, leaked = leaks.finish()
            text = (ending.feed(rest) if rest else "") + ending.finish(cut=piece.cut)
            if leaked:
                log.warning("A tool call was written as text", calls=len(leaked))
            pass_on(text, leaked)
            if piece.usage:
                self._event_ch.send_nowait(llm.ChatChunk(id=request_id, usage=piece.usage))
        if not done:
            raise ModelResponseError("the reply ended early", 500)
