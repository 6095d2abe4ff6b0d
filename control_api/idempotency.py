"""`Idempotency-Key` on operations that make something (draft-ietf-httpapi-idempotency-key-header).

A router with `route_class=IdempotentRoute` honours the header on its POSTs; `accepts_key` in a
route's dependencies documents it and checks its form. Only successes are kept: what failed may be
tried again with the same key.
"""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from control_api.errors import NeighbourError
from control_api.parts import Parts
from control_api.store import Answer

_log = structlog.stdlib.get_logger("control_api.idempotency")
_PATTERN = r"^[\x21-\x7e]{1,255}$"
_KEPT_HEADERS = ("location", "cache-control", "content-type")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_PATTERN,
        description="With the same key and body, it is done once within a day; sent again, the "
        "first result comes back.",
    ),
]


async def _documented(idempotency_key: IdempotencyKey = None) -> None:
    """Only so that the header is checked and in the document."""


accepts_key = Depends(_documented)


class IdempotentRoute(APIRoute):
    """A route whose POST is done once for each `Idempotency-Key`."""

    def get_route_handler(self) -> _Handler:
        """FastAPI's handler, with ours around it."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key", "")
            parts: Parts = request.app.state.parts
            if request.method != "POST" or not 1 <= len(key) <= 255 or not key.isascii():
                return await handle(request)
            authorization = request.headers.get("authorization", "")
            if parts.settings.needs_keys:
                token = authorization.removeprefix("Bearer ")
                if await parts.keys.verify(token) is None:
                    return await handle(request)  # which refuses it
            # The caller is part of it: nobody sees the response to another's request.
            scope = _hash(f"{authorization}\n{request.url.path}\n{key}".encode())
            return await _once(parts, scope, request, handle)

        return once


async def _once(parts: Parts, scope: str, request: Request, handle: _Handler) -> Response:
    body = _hash(await request.body())
    if (answer := await parts.idempotency.begin(scope, body)) is not None:
        headers = {**answer.headers, "Idempotency-Replayed": "true"}
        return Response(answer.body, status_code=answer.status, headers=headers)
    try:
        response = await handle(request)
    except BaseException:
        await _quietly(parts.idempotency.release(scope))
        raise
    if response.status_code >= 300:
        await _quietly(parts.idempotency.release(scope))
        return response
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    text = bytes(response.body).decode()
    await _quietly(parts.idempotency.done(scope, body, Answer(response.status_code, headers, text)))
    return response


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """The request itself is done: that Redis went away meanwhile is not its failure."""
    try:
        await work
    except NeighbourError as error:
        _log.warning("an idempotency key was not kept", reason=type(error).__name__)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
