"""Headers that tell browsers what our pages may do."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_api.settings import Settings


def content_security_policy(livekit_url: str) -> str:
    """Allows our own files and LiveKit's signal connection, nothing else.

    livekit-client opens a WebSocket to LiveKit and asks the same host over HTTP why a connection
    failed, so both schemes of the address are listed.
    """
    address = urlsplit(livekit_url)
    secure = address.scheme in ("wss", "https")
    signal = f"{'wss' if secure else 'ws'}://{address.netloc}"
    plain = f"{'https' if secure else 'http'}://{address.netloc}"
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' {signal} {plain}",
            "media-src 'self' blob: mediastream:",
            "img-src 'self' data: blob:",
            "worker-src 'self' blob:",
            # Progress bars and meters set their width in a style attribute.
            "style-src 'self' 'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def permissions_policy(publish_sources: tuple[str, ...]) -> str:
    """Lets our page use what a token lets its holder publish."""
    features = {
        "microphone": "microphone" in publish_sources,
        "camera": "camera" in publish_sources,
        "display-capture": "screen_share" in publish_sources,
        "geolocation": False,
    }
    return ", ".join(f"{name}={'(self)' if on else '()'}" for name, on in features.items())


def security_headers(settings: Settings) -> Mapping[str, str]:
    """The headers of every response."""
    return {
        "Content-Security-Policy": content_security_policy(settings.public_livekit_url),
        "Permissions-Policy": permissions_policy(settings.publish_sources),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


class SecurityHeaders:
    """ASGI middleware that adds `headers` to each response that has not set them itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
