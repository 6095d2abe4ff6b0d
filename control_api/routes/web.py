"""The built web page, where it is; a hint where it is not.

Answers every address that no route has. Addresses below `/api` and files that do not exist are
not found; any other one is a view of the page, which routes by itself. The build puts a gzipped
copy beside each text: browsers get that one, at a quarter of the bytes.
"""

import re
from pathlib import Path

from starlette.datastructures import Headers
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
        packed = f"{wanted}.gz"
        if _accepts_gzip(scope) and (self._dist / packed).is_file():
            response = await self._files.get_response(packed, scope)
            # The type is that of the name without .gz; an answer 304 has no body to be encoded.
            if response.status_code == 200:
                response.headers["Content-Encoding"] = "gzip"
        else:
            response = await self._files.get_response(wanted, scope)
        response.headers.add_vary_header("Accept-Encoding")
        response.headers["Cache-Control"] = _IMMUTABLE if _HASHED.match(wanted) else "no-cache"
        return response


def _accepts_gzip(scope: Scope) -> bool:
    for offer in Headers(scope=scope).get("accept-encoding", "").split(","):
        name, _, weight = offer.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
