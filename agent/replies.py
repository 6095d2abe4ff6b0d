"""A model's reply that is never silence.

Wraps the stream of a reply: a model that is slow gets a short filler said for it, one that fails
or says nothing, or nothing that can be spoken, gets an apology.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass

import structlog
from livekit.agents import FlushSentinel, llm

from agent.telemetry import metrics

log = structlog.stdlib.get_logger(__name__)

Chunk = llm.ChatChunk | str | FlushSentinel


@dataclass(frozen=True)
class ReplyGuard:
    """What is said when a model does not speak in time.

    Attributes:
        apology: Said when it fails, is given up, or says nothing.
        filler: Said when it is slow; empty says nothing.
        filler_s: Time without a first word until the filler, in seconds.
        give_up_s: Time without a first word until the apology, in seconds.
        asides: Further texts that are said in place of a failed part.
    """

    apology: str
    filler: str
    filler_s: float
    give_up_s: float
    asides: frozenset[str] = frozenset()

    async def watch(self, reply: AsyncIterable[Chunk]) -> AsyncGenerator[Chunk, None]:
        """Pass a reply on, and speak in its place where it does not."""
        chunks = reply.__aiter__()
        answered = False
        pending: asyncio.Task[Chunk] | None = None
        begin = asyncio.get_running_loop().time()
        deadlines = [(self.give_up_s, "")]
        if self.filler:
            deadlines.insert(0, (self.filler_s, self.filler))
        try:
            while True:
                pending = pending or asyncio.ensure_future(anext(chunks))
                wait = None
                if not answered:
                    wait = max(0.0, begin + deadlines[0][0] - asyncio.get_running_loop().time())
                done, _ = await asyncio.wait((pending,), timeout=wait)
                if not done:
                    _, filler = deadlines.pop(0)
                    if not filler:
                        raise TimeoutError
                    self._count("llm_slow")
                    yield filler + " "
                    yield FlushSentinel()  # spoken now, not with the reply's first clause
                    continue
                try:
                    chunk = pending.result()
                except StopAsyncIteration:
                    break
                finally:
                    pending = None
                answered = answered or _says_something(chunk)
                yield chunk
            reason = "llm_empty"
        except Exception as error:
            log.warning("The model's reply failed", error=type(error).__name__)
            reason = "llm_failed"
        finally:
            if pending is not None:
                pending.cancel()
                await asyncio.gather(pending, return_exceptions=True)
            if isinstance(chunks, AsyncGenerator):
                with contextlib.suppress(RuntimeError):
                    await chunks.aclose()
        if not answered:
            self._count(reason)
            yield self.apology

    def forget(self, chat_ctx: llm.ChatContext) -> None:
        """Take what is no answer out of a conversation, as a small model would repeat it."""
        for item in list(chat_ctx.items):
            if not isinstance(item, llm.ChatMessage) or item.role != "assistant":
                continue
            text = item.text_content or ""
            if self.filler:
                text = text.removeprefix(self.filler)
            if text.strip() in {"", self.apology, *self.asides}:
                chat_ctx.items.remove(item)
            elif text != item.text_content:
                item.content = [text.strip()]

    @staticmethod
    def _count(reason: str) -> None:
        metrics().fallbacks.labels(reason).inc()


def _says_something(chunk: Chunk) -> bool:
    if isinstance(chunk, str):
        return any(map(str.isalnum, chunk))
    if isinstance(chunk, llm.ChatChunk):
        delta = chunk.delta
        return delta is not None and (
            any(map(str.isalnum, delta.content or "")) or bool(delta.tool_calls)
        )
    return False
