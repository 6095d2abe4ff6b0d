"""Calls of LiveKit's API, with our time-outs, errors and measurements."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from livekit import api

from control_api import errors
from control_api.settings import Settings
from control_api.telemetry import Telemetry

PART = "livekit"
_T = TypeVar("_T")
_RETRY_AFTER_S = 0.1
_UNACCEPTABLE = {"invalid_argument", "malformed", "out_of_range"}
_CONFLICTS = {"already_exists", "failed_precondition", "aborted"}
_REFUSALS = {"unauthenticated", "permission_denied", "bad_route", "unimplemented"}
_TIMEOUTS = {"deadline_exceeded", "canceled"}


class LiveKitClient:
    """One HTTP session to LiveKit; build it inside the running loop, close it with `aclose`."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._timeout_s = settings.livekit_timeout_s
        # Key and secret are passed by hand: without them the library would take a LIVEKIT_TOKEN
        # that happens to be in the environment.
        self.api = api.LiveKitAPI(
            settings.livekit_url,
            settings.livekit_api_key,
            settings.livekit_api_secret.get_secret_value(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
        )

    async def check(self) -> None:
        """Makes the cheapest call that proves LiveKit, its store and our keys.

        Raises:
            NeighbourError: One of them is not as it should be.
        """
        # Names a room that cannot exist, so that the reply is empty however many rooms there are.
        request = api.ListRoomsRequest(names=["-"])
        await self.call("room", "list_rooms", lambda: self.api.room.list_rooms(request))

    async def aclose(self) -> None:
        """Closes the session."""
        await self.api.aclose()

    async def call(
        self,
        service: str,
        method: str,
        make: Callable[[], Awaitable[_T]],
        *,
        what: str = "thing",
        timeout_s: float | None = None,
    ) -> _T:
        """Makes one call, or two when it only reads and LiveKit could not be reached.

        Args:
            service: Its name in the metrics.
            method: Its name in the metrics; one that begins with `list` or `get` only reads.
            make: Makes the call; called once for each attempt.
            what: What is not there when LiveKit answers "not found".
            timeout_s: In place of `CONTROL_LIVEKIT_TIMEOUT_S`, for each attempt.

        Raises:
            ResourceNotFound: LiveKit knows no such thing.
            Conflict: What is there already forbids it.
            Rejected: LiveKit finds the request unacceptable.
            LimitReached: LiveKit takes no more.
            NeighbourError: LiveKit is away, slow, or refuses us.
        """
        bound_s = timeout_s or self._timeout_s
        if not method.startswith(("list", "get")):
            return await self._attempt(service, method, make, what, bound_s)
        try:
            return await self._attempt(service, method, make, what, bound_s)
        except errors.NeighbourUnavailable:
            await asyncio.sleep(_RETRY_AFTER_S)
            return await self._attempt(service, method, make, what, bound_s)

    async def _attempt(
        self,
        service: str,
        method: str,
        make: Callable[[], Awaitable[_T]],
        what: str,
        bound_s: float,
    ) -> _T:
        begun = time.monotonic()
        code = "ok"
        try:
            # The session's own time-out does not hold: livekit-api 1.2.2 gives each request
            # timeout=None, which aiohttp takes as "none".
            async with asyncio.timeout(bound_s):
                return await make()
        except api.ServerError as error:
            code = error.code
            raise _translate(error, what) from error
        except TimeoutError as error:
            code = "deadline_exceeded"
            raise errors.NeighbourTimeout(
                PART, f"LiveKit did not answer within {bound_s:g} s."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            code = "unavailable"
            raise errors.NeighbourUnavailable(PART, "LiveKit cannot be reached.") from error
        finally:
            self._telemetry.livekit_request.labels(service, method, code).observe(
                time.monotonic() - begun
            )


def _translate(error: api.ServerError, what: str) -> errors.ControlError:
    code, message = error.code, error.message.removeprefix("twirp error unknown: ")
    if code == "not_found":
        return errors.ResourceNotFound(what)
    if code in _UNACCEPTABLE:
        return errors.Rejected(message)
    if code in _CONFLICTS:
        return errors.Conflict(message)
    if code == "resource_exhausted":
        return errors.LimitReached(message)
    if code in _REFUSALS or error.status in (401, 403):
        return errors.NeighbourRefused(PART, f"LiveKit refused our request ({code}).")
    if code in _TIMEOUTS:
        return errors.NeighbourTimeout(PART, "LiveKit gave up on the request.")
    return errors.NeighbourUnavailable(PART, f"LiveKit could not serve the request ({code}).")
