"""One stream: many contexts, one order of messages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.errors import InvalidRequest, MissingConfig, RequestError
from speech_server.tts.context import Context, Workshop
from speech_server.tts.options import read_options
from speech_server.tts.outbox import Outbox
from speech_server.tts.voices import VoiceStore

MAX_CONTEXTS = 64
"""Contexts of a stream that may be open at once."""

MAX_ID_CHARS = 256

REMEMBERED_IDS = 4096
"""Finished contexts whose ids may not be used again, and whose late messages are passed over."""


class Session:
    """Serves one stream.

    Args:
        voices: The voices.
        workshop: What contexts share.
    """

    def __init__(self, voices: VoiceStore, workshop: Workshop) -> None:
        self._voices = voices
        self._workshop = workshop
        self._outbox = Outbox()
        self._contexts: dict[str, Context] = {}
        self._past: deque[str] = deque(maxlen=REMEMBERED_IDS)

    async def serve(
        self,
        requests: AsyncIterator[pb.SynthesizeRequest],
        write: Callable[[pb.SynthesizeResponse], Awaitable[object]],
    ) -> None:
        """Serve until the client's side is closed and everything is spoken.

        Raises:
            RequestError: What ends the stream; the first of them.
        """
        sender = asyncio.create_task(self._send(write), name="tts-send")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_follow(sender), name="tts-follow-send")
                await self._receive(requests, group)
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        finally:
            for context in self._contexts.values():
                context.close()
            # A write must not be cancelled in its middle: gRPC cannot send the status of a call
            # whose write is still under way. It has a deadline of its own.
            self._outbox.abandon()
            await asyncio.wait([sender])

    async def _receive(
        self, requests: AsyncIterator[pb.SynthesizeRequest], group: asyncio.TaskGroup
    ) -> None:
        """Take the client's messages, then wait for the contexts and let the sender end."""
        speaking: set[asyncio.Task[None]] = set()
        async for request in requests:
            opened = await self._handle(request)
            if opened is not None:
                task = group.create_task(opened.run(), name="tts-context")
                speaking.add(task)
                task.add_done_callback(speaking.discard)
            self._forget()
        for context in list(self._contexts.values()):
            context.end()
        if speaking:
            await asyncio.wait(speaking)
        self._outbox.close()

    async def _send(self, write: Callable[[pb.SynthesizeResponse], Awaitable[object]]) -> None:
        while (message := await self._outbox.take()) is not None:
            await write(message)

    async def _handle(self, request: pb.SynthesizeRequest) -> Context | None:
        context_id = request.context_id
        kind = request.WhichOneof("payload")
        if not context_id or len(context_id) > MAX_ID_CHARS:
            raise InvalidRequest(
                f"each message needs a context_id of 1 to {MAX_ID_CHARS} characters",
                field="context_id",
            )
        if kind is None:
            raise InvalidRequest("the message carries nothing", field="payload")
        if kind == "config":
            return await self._open(context_id, request.config)
        context = self._contexts.get(context_id)
        if context is None:
            if context_id in self._past:
                return None  # crossed its own done or cancelled on the way
            raise MissingConfig(f"{kind} came before the context's config", field="config")
        if kind == "text":
            context.feed(request.text)
        elif kind == "flush":
            context.flush(request.flush)
        elif kind == "cancel":
            context.cancel()
        elif kind == "end_input":
            context.end()
        else:
            context.played(request.playback_position.played_ms)
        return None

    async def _open(self, context_id: str, config: pb.StreamingSynthesizeConfig) -> Context:
        if context_id in self._contexts or context_id in self._past:
            raise InvalidRequest("the context_id was used before", field="context_id")
        if len(self._contexts) >= MAX_CONTEXTS:
            raise InvalidRequest(
                f"at most {MAX_CONTEXTS} contexts may be open on a stream", field="context_id"
            )
        options = read_options(config)
        loaded = await self._voices.get(options.voice)
        context = Context(context_id, options, loaded, self._workshop, self._outbox)
        self._contexts[context_id] = context
        return context

    def _forget(self) -> None:
        for context_id, context in list(self._contexts.items()):
            if context.finished:
                del self._contexts[context_id]
                self._past.append(context_id)


async def _follow(task: asyncio.Task[None]) -> None:
    """Wait for a task without owning it: its error counts, our cancellation is not its own."""
    await asyncio.wait([task])
    task.result()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the request error among several, else the first of them."""
    leaves: list[BaseException] = []
    todo: list[BaseException] = [errors]
    while todo:
        error = todo.pop(0)
        if isinstance(error, BaseExceptionGroup):
            todo.extend(error.exceptions)
        else:
            leaves.append(error)
    return next((error for error in leaves if isinstance(error, RequestError)), leaves[0])
