"""Health of a service, asked from inside its container: exit status 0 when it takes work.

``healthcheck.py http URL`` wants a 2xx. ``healthcheck.py grpc HOST:PORT SERVICE…`` wants SERVING of
each service from grpc.health.v1.
"""

import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

_TIMEOUT_S = 3.0


def http(url: str) -> str | None:
    """What is wrong with an address, or None."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S):
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {error}"


def grpc(target: str, services: Sequence[str]) -> str | None:
    """What is wrong with a gRPC server's services, or None."""
    import grpc as library
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with library.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in services:
            try:
                reply = stub.Check(
                    health_pb2.HealthCheckRequest(service=service), timeout=_TIMEOUT_S
                )
            except library.RpcError as error:
                return f"{target} {service}: {error.code().name}"
            if reply.status != health_pb2.HealthCheckResponse.SERVING:
                status = health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)
                return f"{target} {service}: {status}"
    return None


def main(arguments: Sequence[str]) -> int:
    """Checks once; says on standard error what is wrong."""
    match list(arguments):
        case ["http", url]:
            problem = http(url)
        case ["grpc", target, *services] if services:
            problem = grpc(target, services)
        case _:
            problem = __doc__
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
