"""One layer around all errors: request id in and out, one log line and one measurement a request.

It also answers what no handler expected, so that even that response has the problem shape, the
request id and the security headers (Starlette's own catch-all sits outside of all middleware).
"""

import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_api import problems
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.request")
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Asked for every few seconds by machines: not worth a line each.
_QUIET_ROUTES = {"/livez", "/readyz", "/metrics"}


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The pattern of the route that answered, never the path itself: a closed set."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return str(scope.get("state", {}).get("route", "unmatched"))


class Observe:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        begun = time.monotonic()
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            self._telemetry.requests_active.track_inprogress(),
        ):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:
                _log.exception("unexpected error", route=route_of(scope))
                if status:
                    raise  # the response has begun: the server can only cut it off
                response = problems.unexpected(instance=scope["path"], request_id=request_id)
                await response(scope, receive, send_with_id)
            finally:
                self._record(scope, status, time.monotonic() - begun)

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # 499, as nginx has it: the caller went away before there was a response.
        code = str(status or 499)
        self._telemetry.request_duration.labels(route, method, code).observe(duration_s)
        log = _log.debug if route in _QUIET_ROUTES else _log.info
        log(
            "request",
            method=method,
            route=route,
            status=int(code),
            duration_ms=round(duration_s * 1000, 1),
        )
