"""Live events over Server-Sent Events, with resume."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from control_api.access import Scope, needs
from control_api.errors import FieldError, InvalidRequest, NeighbourError
from control_api.feed import Feed
from control_api.parts import Parts, Wired
from control_api.store import ID_PATTERN

router = APIRouter(tags=["events"])
# Proxies cut connections off that say nothing for about half a minute.
_HEARTBEAT_S = 15.0
_LOOK_UP_S = 0.5
_After = Annotated[str | None, Query(description="Id of an event; those behind it come first.")]
_LastId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The same; browsers send it by themselves."),
]


@router.get(
    "/api/events",
    operation_id="streamEvents",
    dependencies=[Depends(needs(Scope.EVENTS_READ))],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A stream that does not end; each event's `data` is an Event.",
            "content": {"text/event-stream": {}},
        },
        422: {"description": "The id is none."},
    },
)
async def stream_events(
    parts: Wired, after: _After = None, last_event_id: _LastId = None
) -> StreamingResponse:
    """What happens in rooms and calls, as it happens."""
    begin = last_event_id or after
    if begin is not None and not ID_PATTERN.fullmatch(begin):
        raise InvalidRequest(FieldError("#after", "This is no id of an event."))
    # So that Redis being away is an answer, not a stream that breaks.
    await parts.store.check()
    return StreamingResponse(
        _stream(parts, begin),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(parts: Parts, after: str | None) -> AsyncIterator[bytes]:
    yield b": here we are\n\n"
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(100)
    pump = asyncio.create_task(_pump(parts.feed, after, queue))
    quiet_s = 0.0
    try:
        while not parts.stopping.is_set():
            try:
                async with asyncio.timeout(_LOOK_UP_S):
                    chunk = await queue.get()
            except TimeoutError:
                quiet_s += _LOOK_UP_S
                if quiet_s >= _HEARTBEAT_S:
                    quiet_s = 0.0
                    yield b": still here\n\n"
                continue
            quiet_s = 0.0
            if chunk is None:
                return
            yield chunk
    finally:
        pump.cancel()
        # Redis went away: the stream ends, and the listener comes back with Last-Event-ID.
        with suppress(asyncio.CancelledError, NeighbourError):
            await pump


async def _pump(feed: Feed, after: str | None, queue: "asyncio.Queue[bytes | None]") -> None:
    try:
        async with aclosing(feed.listen(after)) as events:
            async for event_id, event in events:
                data = event.model_dump_json(exclude_none=True)
                await queue.put(f"id: {event_id}\nevent: {event.type}\ndata: {data}\n\n".encode())
    finally:
        if not queue.full():
            queue.put_nowait(None)
