"""Options of the gRPC connection, both ends from one set of numbers.

A client that pings more often than the server allows is cut with ``too_many_pings`` in the middle
of a call, so the two belong together. The server passes `server_options`; clients outside this
package mirror ``CLIENT_OPTIONS``, and a contract test compares them.
"""

KEEPALIVE_TIME_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
SHORTEST_PING_INTERVAL_MS = 10_000

CLIENT_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
"""What a client of the speech server should pass to its channel."""


def server_options(max_message_bytes: int) -> tuple[tuple[str, int], ...]:
    """Give the options of the server's side."""
    return (
        ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", SHORTEST_PING_INTERVAL_MS),
        ("grpc.max_receive_message_length", max_message_bytes),
        # A second server on the same port must fail, not share the port's connections.
        ("grpc.so_reuseport", 0),
    )
