"""A place in a room: readiness of the API, tokens, and the transcript read back."""

import asyncio
import time
from collections.abc import Callable

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from caller.errors import ApiError, WaitTimeoutError
from caller.messages import TranscriptMessage

__all__ = ["ControlApi", "Token"]

_REQUEST_TIMEOUT_S = 10.0
_RETRY_S = 0.5


class Token(BaseModel):
    """The API's answer: where to go and what to show there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    server_url: str
    participant_token: str
    room_name: str
    participant_identity: str


class _Transcript(BaseModel):
    room: str
    messages: list[TranscriptMessage]


class ControlApi:
    """Client of the control API; use it as an asynchronous context manager."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=_REQUEST_TIMEOUT_S, trust_env=False
        )

    async def __aenter__(self) -> "ControlApi":
        """Opens nothing yet: connections are made with the first request."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def wait_ready(self, timeout_s: float, tell: Callable[[str], None]) -> None:
        """Waits until the API says that it is ready; tells each new reason why it is not."""
        deadline = time.monotonic() + timeout_s
        said = ""
        while True:
            try:
                reply = await self._client.get("/readyz")
                if reply.status_code == 200:
                    return
                reason = f"/readyz answers {reply.status_code}: {reply.text[:300]}"
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
            if reason != said:
                tell(f"waiting for the control API ({reason})")
                said = reason
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(
                    f"the control API at {self._client.base_url} was not ready after "
                    f"{timeout_s:.0f} s ({reason})"
                )
            await asyncio.sleep(_RETRY_S)

    async def token(self, room: str, name: str, agent: str | None = None) -> Token:
        """Asks for a place in a room; `agent` is dispatched there, None takes the API's own."""
        wanted: dict[str, object] = {"room_name": room, "participant_name": name}
        if agent:
            wanted["room_config"] = {"agents": [{"agent_name": agent}]}
        reply = await self._request("POST", "/api/token", json=wanted)
        if reply.status_code != 201:
            raise ApiError(f"POST /api/token answered {reply.status_code}: {reply.text[:500]}")
        try:
            return Token.model_validate_json(reply.content)
        except ValidationError as error:
            raise ApiError(f"POST /api/token answered something else than a token: {error}") from (
                error
            )

    async def transcript(self, room: str) -> list[TranscriptMessage]:
        """Reads a room's transcript back, as the API orders it."""
        reply = await self._request("GET", f"/api/transcripts/{room}")
        if reply.status_code != 200:
            raise ApiError(
                f"GET /api/transcripts/{room} answered {reply.status_code}: {reply.text[:500]}"
            )
        try:
            return _Transcript.model_validate_json(reply.content).messages
        except ValidationError as error:
            raise ApiError(f"GET /api/transcripts/{room}: not a transcript: {error}") from error

    async def _request(self, method: str, path: str, json: object = None) -> httpx.Response:
        try:
            return await self._client.request(method, path, json=json)
        except httpx.HTTPError as error:
            raise ApiError(f"{method} {path}: {type(error).__name__}: {error}") from error
