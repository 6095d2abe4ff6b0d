"""Bounds of every request: bytes of its body, time to send it, time until we begin to answer."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_api import problems
from control_api.errors import BodyTimeout, BodyTooLarge, ControlError, RequestTimeout


class _Gone(Exception):
    """The caller hung up while it sent its body."""


class Bounds:
    """ASGI middleware that reads the whole (small) body before the application sees it.

    A response that has begun is not cut off, so that a stream of events may last.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
            await self._answer(scope, _replay(body, receive), send)
        except ControlError as error:
            request_id = scope.get("state", {}).get("request_id")
            response = problems.of_error(error, instance=scope["path"], request_id=request_id)
            await response(scope, receive, send)
        except _Gone:
            return

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "")
        if not announced and "transfer-encoding" not in headers:
            return b""
        too_large = BodyTooLarge(f"The body may have {self._max_body_bytes} bytes.")
        if announced.isdecimal() and int(announced) > self._max_body_bytes:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > self._max_body_bytes:
                        raise too_large
                    more = message.get("more_body", False)
        except TimeoutError:
            raise BodyTimeout(f"The body did not end within {self._timeout_s:g} s.") from None
        return bytes(body)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            async with asyncio.timeout(self._timeout_s) as deadline:

                async def send_and_note(message: Message) -> None:
                    nonlocal begun
                    if message["type"] == "http.response.start":
                        begun = True
                        deadline.reschedule(None)
                    await send(message)

                await self._app(scope, receive, send_and_note)
        except TimeoutError:
            if begun or not deadline.expired():
                raise
            raise RequestTimeout(f"No response within {self._timeout_s:g} s.") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    delivered = False

    async def replay() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
