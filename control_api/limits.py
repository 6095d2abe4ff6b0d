"""Rate limits: who may ask how often, and the headers that say so.

Headers as draft-ietf-httpapi-ratelimit-headers-11 (2026) has them: `RateLimit-Policy` and
`RateLimit`; the draft may still change.
"""

import structlog
from fastapi import Request

from control_api.errors import NeighbourError, RateLimited
from control_api.settings import Settings
from control_api.store import Rate, Rates
from control_api.telemetry import Telemetry

_log = structlog.stdlib.get_logger("control_api.limits")
_WINDOW_S = 60


class Limits:
    """Counts requests by API key, and those without one by address.

    Without Redis nobody is held back: an outage of the counter is no outage of the service.
    """

    def __init__(self, rates: Rates, settings: Settings, telemetry: Telemetry) -> None:
        self._rates = rates
        self._settings = settings
        self._telemetry = telemetry

    async def of_key(self, request: Request, key_id: str) -> None:
        """Counts a request with an API key.

        Raises:
            RateLimited: There were too many.
        """
        await self._take(request, "key", key_id, self._settings.key_requests_per_minute)

    async def of_address(self, request: Request) -> None:
        """Counts a request without an API key, or with a wrong one.

        Raises:
            RateLimited: There were too many.
        """
        address = request.client.host if request.client else "unknown"
        await self._take(request, "address", address, self._settings.public_requests_per_minute)

    async def _take(self, request: Request, policy: str, subject: str, limit: int) -> None:
        if not limit:
            return
        try:
            rate = await self._rates.take(f"{policy}:{subject}", limit, _WINDOW_S)
        except NeighbourError as error:
            self._telemetry.rate_limits.labels(policy, "unknown").inc()
            _log.warning("cannot count requests", reason=type(error).__name__)
            return
        request.state.rate_headers = headers_of(policy, rate)
        self._telemetry.rate_limits.labels(policy, "passed" if rate.allowed else "refused").inc()
        if not rate.allowed:
            raise RateLimited(
                f"At most {rate.limit} requests in {rate.window_s} s.", rate.retry_after_s
            )


def headers_of(policy: str, rate: Rate) -> dict[str, str]:
    """The header fields of a response."""
    return {
        "RateLimit-Policy": f'"{policy}";q={rate.limit};w={rate.window_s}',
        "RateLimit": f'"{policy}";r={rate.remaining};t={rate.reset_s}',
    }
