"""The one channel of a call's process to the speech servers.

It is made inside that process: gRPC does not survive a fork. Streams are spread over all
addresses of the target; an address whose health is not SERVING (warming up, draining) gets none.
"""

import asyncio
import json

import grpc
from livekit.agents import APITimeoutError

KEEPALIVE_TIME_MS = 30_000
"""Time between pings on an idle connection; the server allows one each 10 s."""
KEEPALIVE_TIMEOUT_MS = 10_000
"""Time without an answer to a ping after which the connection counts as broken."""
MAX_MESSAGE_BYTES = 4 << 20

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # The server's overall health: NOT_SERVING keeps new streams away from it.
    "healthCheckConfig": {"serviceName": ""},
}

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A restarted server is found again within a second instead of gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
)


def open_channel(target: str) -> grpc.aio.Channel:
    """Open a channel; it connects when it is first used.

    Args:
        target: Address, comma-separated IPv4 addresses, or a name such as ``dns:///speech:50051``.
    """
    if "," in target:
        addresses = ",".join(part.strip() for part in target.split(",") if part.strip())
        target = addresses if addresses.startswith("ipv4:") else f"ipv4:{addresses}"
    return grpc.aio.insecure_channel(target, options=list(_OPTIONS))


async def wait_until_ready(channel: grpc.aio.Channel, timeout: float) -> None:
    """Wait for a server that takes streams.

    A call's own deadline would end the whole stream, so the wait for a connection is apart.

    Args:
        channel: Where a stream is about to be opened.
        timeout: Longest wait, in seconds.

    Raises:
        APITimeoutError: No server was ready in time; trying again may help.
    """
    try:
        await asyncio.wait_for(channel.channel_ready(), timeout)
    except TimeoutError:
        raise APITimeoutError("no speech server is ready") from None
