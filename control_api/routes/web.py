"""The built web page, where it is; a hint where it is not.

Answers every address that no route has. Addresses below `/api` and files that do not exist are
not found; any other one is a view of the page, which routes by itself.
"""

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_HINT = """\
Trinity's control API runs, but the web page is not built.
Build it with `make web`; the API is described at /api/openapi.json.
"""
# The build puts a hash of the content into these names, so a name never changes its content.
_HASHED = re.compile(r"^assets/.+-[A-Za-z0-9_-]{8,}\.\w+$")
_IMMUTABLE = "public, max-age=31536000, immutable"
_RESERVED = ("api", "problems", "hooks")


class WebPage:
    """ASGI application that serves the folder `dist`; it may be built while we run."""

    def __init__(self, dist: Path) -> None:
        self._dist = dist
        self._files = StaticFiles(directory=dist, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            raise HTTPException(404)
        scope.setdefault("state", {})["route"] = "web"
        response = await self._respond(scope)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response:
        path = scope["path"].lstrip("/")
        if path.split("/", 1)[0] in _RESERVED:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405 if not path else 404, headers={"Allow": "GET, HEAD"})
        if not (self._dist / "index.html").is_file():
            if path:
                raise HTTPException(404)
            return PlainTextResponse(_HINT, headers={"Cache-Control": "no-cache"})
        is_view = "." not in path.rsplit("/", 1)[-1]
        wanted = "index.html" if is_view else self._files.get_path(scope)
        response = await self._files.get_response(wanted, scope)
        response.headers["Cache-Control"] = _IMMUTABLE if _HASHED.match(wanted) else "no-cache"
        return response
