"""What is known of the caller once a request is done: rate-limit headers, and the audit log."""

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_api.errors import NeighbourError
from control_api.parts import Parts

_log = structlog.stdlib.get_logger("control_api.audit")
_READS = {"GET", "HEAD", "OPTIONS"}


class Account:
    """ASGI middleware; `access.needs` has left `key_id` and `rate_headers` in the state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_with_rate(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in scope.get("state", {}).get("rate_headers", {}).items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_rate)
        if scope["method"] not in _READS and "key_id" in scope.get("state", {}):
            await _audit(scope, status)


async def _audit(scope: Scope, status: int) -> None:
    parts: Parts = scope["app"].state.parts
    route = scope.get("route")
    operation = str(getattr(route, "operation_id", None) or getattr(route, "name", "unknown"))
    key_id = scope["state"]["key_id"]
    # In the log without the path: it may hold a telephone number.
    _log.info("operation", key_id=key_id, operation=operation, status=status)
    try:
        await parts.audit.append(
            key_id=key_id,
            operation=operation,
            path=scope["path"],
            status=status,
            request_id=scope["state"].get("request_id", ""),
        )
    except NeighbourError as error:
        _log.error("an operation is missing in the audit log", reason=type(error).__name__)
