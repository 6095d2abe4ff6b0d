"""One attempt to deliver one message to one address."""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from control_api.relay.addresses import Addresses, Forbidden
from control_api.relay.signature import sign
from control_api.telemetry import package_version

_WAIT_MAX_S = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt.

    Attributes:
        delivered: The receiver answered with a 2xx.
        status: Its HTTP status, where it answered.
        detail: What went wrong, in a few words.
        retry_after_s: How long the receiver asks us to wait.
    """

    delivered: bool
    status: int | None
    detail: str
    retry_after_s: float = 0.0


class Sender:
    """One HTTP session for all; build it inside the running loop."""

    def __init__(self, addresses: Addresses, timeout_s: float) -> None:
        self._addresses = addresses
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=addresses, use_dns_cache=False, limit=50, force_close=True
            ),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            headers={"User-Agent": f"Trinity/{package_version()}"},
            trust_env=False,
        )

    async def send(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        """Sends a message; never raises for what the receiver or the network does."""
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(secret, message_id, now, body),
        }
        try:
            host = urlsplit(url).hostname or ""
            self._addresses.check_literal(host)
            # A redirect would lead past the check, and to an address nobody registered.
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                delivered = 200 <= response.status < 300
                return Outcome(
                    delivered,
                    response.status,
                    "" if delivered else f"It answered {response.status}.",
                    _wait_s(response.headers.get("Retry-After", "")),
                )
        except Forbidden:
            return Outcome(False, None, "The address is not one that webhooks may be sent to.")
        except TimeoutError:
            return Outcome(False, None, "No answer in time.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error.__cause__, Forbidden):
                return Outcome(False, None, "The address is not one that webhooks may be sent to.")
            return Outcome(False, None, f"It cannot be reached ({type(error).__name__}).")

    async def aclose(self) -> None:
        """Closes the session."""
        await self._session.close()


def _wait_s(value: str) -> float:
    if value.isdecimal():
        return min(float(value), _WAIT_MAX_S)
    try:
        wait_s = parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError):
        return 0.0
    return min(max(wait_s, 0.0), _WAIT_MAX_S)
