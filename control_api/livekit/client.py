"""Calls of LiveKit's API, with our time-outs, errors and measurements."""

import time
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from livekit import api

from control_api.errors import (
    NeighbourError,
    NeighbourRefused,
    NeighbourTimeout,
    NeighbourUnavailable,
)
from control_api.settings import Settings
from control_api.telemetry import Telemetry

PART = "livekit"
_T = TypeVar("_T")
_REFUSALS = {"unauthenticated", "permission_denied", "bad_route", "unimplemented"}


class LiveKitClient:
    """One HTTP session to LiveKit; build it inside the running loop, close it with `aclose`."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._timeout_s = settings.livekit_timeout_s
        # Key and secret are passed by hand: without them the library would take a LIVEKIT_TOKEN
        # that happens to be in the environment.
        self._api = api.LiveKitAPI(
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
        await self._call("room", "list_rooms", self._api.room.list_rooms(request))

    async def aclose(self) -> None:
        """Closes the session."""
        await self._api.aclose()

    async def _call(self, service: str, method: str, call: Awaitable[_T]) -> _T:
        begun = time.monotonic()
        code = "ok"
        try:
            return await call
        except api.ServerError as error:
            code = error.code
            raise _translate(error) from error
        except TimeoutError as error:
            code = "deadline_exceeded"
            raise NeighbourTimeout(
                PART, f"LiveKit did not answer within {self._timeout_s:g} s."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            code = "unavailable"
            raise NeighbourUnavailable(PART, "LiveKit cannot be reached.") from error
        finally:
            self._telemetry.livekit_request.labels(service, method, code).observe(
                time.monotonic() - begun
            )


def _translate(error: api.ServerError) -> NeighbourError:
    if error.code in _REFUSALS or error.status in (401, 403):
        return NeighbourRefused(PART, f"LiveKit refused our request ({error.code}).")
    if error.code == "deadline_exceeded":
        return NeighbourTimeout(PART, "LiveKit gave up on the request.")
    return NeighbourUnavailable(PART, f"LiveKit could not serve the request ({error.code}).")
